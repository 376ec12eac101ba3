"""Knowledge that is searched with the vectors of an organization's own model."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loquent.agents.backends import embeddings
from loquent.agents.backends.embeddings import EndpointEmbedder, embedder_of
from loquent.agents.models import ModelConnection, PassageVector, TextAgent
from loquent.agents.search import knowledge
from loquent.agents.services.vectors import unused_vectors
from loquent.agents.types import ModelEndpoint
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.receiver import Received, Receiver
from loquent.testing.waiting import WAIT_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)
# Words that mean the same have the same place in a vector.
MEANINGS = (("postage", "shipping"), ("open", "hours"), ("voucher", "gift"))
KNOWLEDGE = [
    {"title": "Shipping costs", "content": "Shipping costs 5 euros in all countries."},
    {"title": "Hours", "content": "The shop is there from 9 to 18 o'clock."},
    {"title": "Gift cards", "content": "Gift cards are valid for two years."},
]


def as_json(data: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(data).encode()


def vector_of(text: str) -> list[float]:
    found = [float(any(word in text.lower() for word in words)) for words in MEANINGS]
    return [*found, 0.0 if any(found) else 1.0]


def embed(request: Received) -> tuple[int, dict[str, str], bytes]:
    if request.path.endswith("/models"):
        return as_json({"data": [{"id": "small"}]})
    asked = json.loads(request.body)
    assert request.path == "/v1/embeddings"
    assert request.headers["authorization"] == "Bearer sk-secret"
    rows = [{"index": n, "embedding": vector_of(t)} for n, t in enumerate(asked["input"])]
    return as_json({"data": rows[::-1]})


@pytest.fixture
def model(settings: Settings) -> Iterator[Receiver]:
    settings.MEANING = True
    settings.MODEL_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.MODEL_ALLOW_HTTP = True
    with Receiver() as found:
        found.reply = embed
        yield found


@pytest.fixture
def client(api: Callable[..., APIClient], acme_key: str) -> APIClient:
    return api(acme_key)


@pytest.fixture
def connection(client: APIClient, model: Receiver) -> dict[str, Any]:
    data = {
        "name": "Ours", "base_url": f"http://127.0.0.1:{model.port}/v1", "api_key": "sk-secret",
        "embedding_model": "small",
    }  # fmt: skip
    response = client.post("/api/v1/connections/", data, format="json")
    assert response.status_code == 201, response.json()
    found: dict[str, Any] = response.json()
    return found


@pytest.fixture
def agent(client: APIClient, connection: dict[str, Any], acme: Organization) -> TextAgent:
    agent = make_agent(acme)
    data = {
        "model": "openai-chat:large", "connection": connection["id"], "knowledge": KNOWLEDGE,
    }  # fmt: skip
    response = client.patch(f"/api/v1/agents/{agent.id}/", data, format="json")
    assert response.status_code == 200, response.json()
    return agent


def search(client: APIClient, agent: TextAgent, question: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        response = client.get(f"/api/v1/agents/{agent.id}/search/", {"q": question})
        if response.status_code == 200 or time.monotonic() > deadline:
            found: dict[str, Any] = response.json()
            return found


def test_own_model_finds_by_meaning_and_its_vectors_are_kept(
    client: APIClient, agent: TextAgent, connection: dict[str, Any], model: Receiver
) -> None:
    assert connection["embedding_model"] == "small"
    found = search(client, agent, "How much is the postage?")
    assert (found["outcome"], found["hits"][0]["title"]) == ("answer", "Shipping costs")
    assert found["hits"][0]["meaning"] == pytest.approx(1.0, abs=0.01)
    assert {json.loads(r.body)["model"] for r in model.requests} == {"small"}
    # Titles and texts of all passages, and questions without an answer, in batches.
    stored = PassageVector.objects.count()
    assert stored > 2 * len(KNOWLEDGE)
    needed = stored - len(unused_vectors())
    assert needed == 2 * len(KNOWLEDGE)
    # Only the question is sent again.
    before = len(model.requests)
    search(client, agent, "Do you have a voucher?")
    assert len(model.requests) == before + 1


def test_question_that_gets_no_vector_in_time_is_searched_by_words(
    client: APIClient, agent: TextAgent, model: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(client, agent, "How much is the postage?")
    release = threading.Event()

    def hang(request: Received) -> tuple[int, dict[str, str], bytes]:
        release.wait(WAIT_SECONDS)
        return as_json({})

    model.reply = hang
    before = len(model.requests)
    started = time.monotonic()
    found = search(client, agent, "When are gift cards valid?")
    assert time.monotonic() - started < WAIT_SECONDS / 2
    assert (found["hits"][0]["title"], found["hits"][0]["meaning"]) == ("Gift cards", None)
    # The next one doesn't wait at all, until the pause is over.
    search(client, agent, "When are gift cards valid?")
    assert len(model.requests) == before + 1
    release.set()
    model.reply = embed
    row = ModelConnection.objects.get()
    endpoint = ModelEndpoint(str(row.id), row.base_url, "sk-secret", "small")
    monkeypatch.setattr(embedder_of(endpoint), "_paused_until", 0.0)
    assert search(client, agent, "Is a voucher valid?")["hits"][0]["title"] == "Gift cards"


def test_vectors_that_could_not_be_computed_are_tried_again_later_and_later(
    client: APIClient, agent: TextAgent, model: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.reply = lambda request: as_json({"error": {"message": "busy"}}, 503)
    asked = "How much is the postage?"
    assert search(client, agent, asked)["hits"] == []
    before = len(model.requests)
    for _ in range(5):
        assert search(client, agent, asked)["hits"] == []
    assert len(model.requests) == before
    # Neither the knowledge nor the process changes, but time passes.
    now = time.monotonic()
    monkeypatch.setattr(knowledge, "time", SimpleNamespace(monotonic=lambda: now))

    def try_after(seconds: float) -> None:
        nonlocal now
        before = len(model.requests)
        # The first search notes that the try before has failed.
        search(client, agent, asked)
        now += seconds - 1
        search(client, agent, asked)
        assert len(model.requests) == before
        now += 2
        assert search(client, agent, asked)["hits"] == []
        retry = knowledge._slots[str(agent.id)].retry
        assert retry is not None
        retry.result(WAIT_SECONDS)

    for wait in (29.0, 60.0, 120.0, 240.0, 480.0, 600.0):
        try_after(wait)
    model.reply = embed
    try_after(600.0)
    [hit] = search(client, agent, asked)["hits"]
    assert (hit["title"], hit["meaning"]) == ("Shipping costs", pytest.approx(1.0, abs=0.01))


BAD = [
    (as_json({"error": {"message": "no"}}, 401), "The provider refuses the key."),
    (as_json({}, 404), "There is no model “small” for embeddings here."),
    (as_json({"data": []}), "The response contains no embeddings."),
    (as_json({"data": [{"embedding": "AAAA"}]}), "The response contains no embeddings."),
    (as_json({"data": [{"embedding": ["x"]}]}), "The response contains no embeddings."),
    ((200, {}, b"<html>"), "This is the address of a web page, not of a model's API."),
]


@pytest.mark.parametrize(("reply", "sentence"), BAD)
def test_model_that_gives_no_vectors_is_named_by_the_test_and_words_answer(
    client: APIClient,
    connection: dict[str, Any],
    model: Receiver,
    acme: Organization,
    reply: tuple[int, dict[str, str], bytes],
    sentence: str,
) -> None:
    model.reply = lambda request: embed(request) if "/models" in request.path else reply
    tested = client.post(f"/api/v1/connections/{connection['id']}/test/", {}, format="json").json()
    assert (tested["status"], tested["message"]) == ("fail", sentence)
    agent = make_agent(acme)
    data = {
        "model": "openai-chat:large", "connection": connection["id"], "knowledge": KNOWLEDGE,
    }  # fmt: skip
    client.patch(f"/api/v1/agents/{agent.id}/", data, format="json")
    found = search(client, agent, "When are gift cards valid?")
    assert (found["hits"][0]["title"], found["hits"][0]["meaning"]) == ("Gift cards", None)
    assert PassageVector.objects.count() == 0


def test_long_vectors_are_cut_and_those_of_another_length_are_refused(model: Receiver) -> None:
    endpoint = ModelEndpoint("1", f"http://127.0.0.1:{model.port}/v1", "", "large")
    length = 3_072
    model.reply = lambda request: as_json({"data": [{"embedding": [1.0] * length}]})
    embedder = EndpointEmbedder(endpoint)
    [vector] = embedder.encode(["a"])
    assert len(vector) == embeddings.MAX_DIMENSIONS
    assert float(vector @ vector) == pytest.approx(1.0)
    length = 100
    assert embedder.encode_question(["a"]) is None
