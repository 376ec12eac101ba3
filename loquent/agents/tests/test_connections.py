"""An organization's own model accounts: stored, tested, and used for its answers."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loquent.agents.backends.registry import close_backends
from loquent.agents.models import ModelConnection
from loquent.agents.services.breaker import FAILURES
from loquent.agents.services.connections import check_connection
from loquent.agents.services.loading import LoadedReply, find_agent, reply_request
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.replies import collect, collect_failure, make_reply
from loquent.agents.types import ChatMessage, ModelEndpoint
from loquent.encryption import decrypt
from loquent.errors import ApplicationError
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.testing.certificates import self_signed
from loquent.testing.people import make_agent
from loquent.testing.receiver import Received, Receiver

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/api/v1/connections/"
KEY = "sk-very-secret"
MODELS = {"object": "list", "data": [{"id": "large"}, {"id": "small"}]}
WORD = {"choices": [{"message": {"role": "assistant", "content": "OK"}}]}
Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture(autouse=True)
def _local_models(settings: Settings) -> None:
    settings.MODEL_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.MODEL_ALLOW_HTTP = True


@pytest.fixture
def model() -> Iterator[Receiver]:
    """A model server that has the models `large` and `small`."""
    with Receiver() as found:
        found.reply = lambda request: as_json(MODELS if "/models" in request.path else WORD)
        yield found


@pytest.fixture
def client(api: Callable[..., APIClient], acme_key: str) -> APIClient:
    return api(acme_key)


@pytest.fixture
def owner(alice: User) -> Client:
    browser = Client()
    browser.force_login(alice)
    return browser


def as_json(data: Any, status: int = 200) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(data).encode()


def create(client: APIClient, model: Receiver, **data: Any) -> dict[str, Any]:
    given = {"name": "Ours", "base_url": f"http://127.0.0.1:{model.port}/v1", "api_key": KEY}
    response = client.post(LIST, {**given, **data}, format="json")
    assert response.status_code == 201, response.json()
    found: dict[str, Any] = response.json()
    return found


def test_key_is_encrypted_and_never_shown(client: APIClient, model: Receiver) -> None:
    made = create(client, model)
    assert made["has_key"]
    row = ModelConnection.objects.get()
    assert decrypt(row.encrypted_key) == KEY
    texts = [
        json.dumps([made, client.get(LIST).json(), client.get(f"{LIST}{made['id']}/").json()]),
        row.encrypted_key,
        repr(ModelEndpoint("1", "https://example.com", KEY)),
        *map(str, AuditEntry.objects.values_list("changes", flat=True)),
    ]
    assert not [text for text in texts if KEY in text]


def test_key_is_kept_until_another_is_given(client: APIClient, model: Receiver) -> None:
    address = f"{LIST}{create(client, model)['id']}/"
    assert client.patch(address, {"name": "New"}).json()["has_key"]
    assert not client.patch(address, {"api_key": ""}).json()["has_key"]


def test_new_address_needs_the_key_again(client: APIClient, model: Receiver) -> None:
    address = f"{LIST}{create(client, model)['id']}/"
    moved = {"base_url": "https://elsewhere.example/v1"}
    response = client.patch(address, moved)
    assert response.status_code == 400
    assert response.json()["fields"] == {
        "api_key": ["Enter the key again, as the address has changed."]
    }
    assert client.patch(address, {**moved, "api_key": "sk-other"}).status_code == 200


def test_rotated_secret_key_still_reads_the_key(
    client: APIClient, model: Receiver, settings: Settings
) -> None:
    create(client, model)
    row = ModelConnection.objects.get()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key for tests only, as long as a key should be"
    assert check_connection(connection=row).level == "ok"
    settings.SECRET_KEY_FALLBACKS = []
    result = check_connection(connection=row)
    assert (result.level, result.hint) == ("fail", "Enter the key again.")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"base_url": "ftp://example.com"}, "base_url"),
        ({"base_url": "http://10.0.0.1/v1"}, "base_url"),
        ({"base_url": "https://user:pass@example.com/v1"}, "base_url"),
        ({"base_url": "https://example.com/v1?key=1"}, "base_url"),
        ({"base_url": "https://example.com/v1/chat/completions"}, "base_url"),
        ({"base_url": ""}, "base_url"),
        ({"name": ""}, "name"),
        ({"api_key": "clé"}, "api_key"),
        ({"api_key": "two\nlines"}, "api_key"),
        ({"models": "small"}, "models"),
        ({"models": ["x" * 181]}, "models"),
    ],
)
def test_invalid_field_is_named_and_nothing_is_written(
    client: APIClient, data: dict[str, Any], field: str
) -> None:
    given = {"name": "Ours", "base_url": "https://example.com/v1", "api_key": KEY, **data}
    response = client.post(LIST, given, format="json")
    assert response.status_code == 400
    assert any(name.startswith(field) for name in response.json()["fields"])
    assert KEY not in response.content.decode()
    assert not ModelConnection.objects.exists()


def html(request: Received) -> Reply:
    return 200, {"Content-Type": "text/html"}, b"<!doctype html><title>Welcome</title>"


NO_QUOTA = {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota."}}


@pytest.mark.parametrize(
    ("reply", "message", "hint"),
    [
        (lambda r: as_json({}, 401), "refuses the key", "Copy the key again"),
        (lambda r: as_json({}, 403), "refuses the key", "Copy the key again"),
        (lambda r: as_json(NO_QUOTA, 429), "no credit left", "Add credit"),
        (lambda r: as_json({}, 402), "no credit left", "Add credit"),
        (lambda r: as_json({}, 429), "too many requests", "Wait a minute"),
        (lambda r: as_json({}, 503), "problem (error 503)", "Try again"),
        (lambda r: as_json({}, 400), "refuses the request (error 400)", "/v1"),
        (lambda r: (302, {"Location": "/login"}, b""), "redirects", "/v1"),
        (html, "a web page, not of a model's API", "/v1"),
        (lambda r: (200, {}, b"hello"), "not as a model's API does", "/v1"),
    ],
)
def test_failure_is_said_in_words(
    client: APIClient,
    model: Receiver,
    reply: Callable[[Received], Reply],
    message: str,
    hint: str,
) -> None:
    made = create(client, model)
    model.reply = reply
    result = result_of(client, made)
    assert result["status"] == "fail"
    assert message in result["message"]
    assert hint in result["hint"]
    listed = client.get(f"{LIST}{made['id']}/models/")
    assert listed.status_code == 409
    assert message in listed.json()["message"]


def test_unreachable_address_is_said_in_words(client: APIClient, settings: Settings) -> None:
    with Receiver() as gone:
        pass
    made = create(client, gone)
    assert result_of(client, made)["message"] == "Nothing answers at this address."
    settings.MODEL_ALLOWED_NETWORKS = []
    assert result_of(client, made)["message"] == "This address is not on the public internet."


def test_certificate_and_protocol_are_named(
    client: APIClient, model: Receiver, tmp_path: Path
) -> None:
    with Receiver(tls=self_signed(tmp_path)) as unsigned:
        made = create(client, unsigned, base_url=f"https://127.0.0.1:{unsigned.port}/v1")
        result = result_of(client, made)
        assert result["message"] == "This address has no valid certificate."
        assert "public authority" in result["hint"]
        assert unsigned.requests == []
    plain = create(client, model, name="Plain", base_url=f"https://127.0.0.1:{model.port}/v1")
    assert result_of(client, plain)["message"] == "This address does not answer over https."


def completion(**message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", **message}}]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"choices": []}, "small gave an empty answer."),
        ({"choices": [{}]}, "small gave an empty answer."),
        ({"choices": ["OK"]}, "small gave an empty answer."),
        (completion(content=""), "small gave an empty answer."),
        (completion(content=None), "small gave an empty answer."),
        ({"choices": None}, "This address answers, but not as a chat model does."),
        ({"choices": "OK"}, "This address answers, but not as a chat model does."),
        ([], "This address answers, but not as a chat model does."),
        (NO_QUOTA, "The account has no credit left, or has reached its limit."),
        ({"error": {"message": "No."}}, "The provider refuses the request for small."),
        (completion(content="OK"), "It works: small answers."),
        (completion(content="", reasoning_content="Hm"), "It works: small answers."),
        (completion(content=None, refusal="I can't."), "It works: small answers."),
    ],
)
def test_answer_without_content_is_no_success(
    client: APIClient, model: Receiver, data: Any, message: str
) -> None:
    made = create(client, model)
    model.reply = lambda r: as_json(MODELS if "/models" in r.path else data)
    result = result_of(client, made, model="small")
    assert result["message"] == message
    assert result["status"] == ("ok" if "works" in message else "fail")


def test_name_that_leads_to_this_machine_is_refused(
    client: APIClient, model: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is checked when it is connected to, not only its text."""
    settings.MODEL_ALLOWED_NETWORKS = []
    made = create(client, model, base_url=f"http://models.example:{model.port}/v1")
    found = [(2, 1, 6, "", ("127.0.0.1", model.port))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: found)
    assert "MODEL_ALLOWED_NETWORKS" in result_of(client, made)["hint"]
    assert model.requests == []


def test_test_asks_the_model_for_a_word(client: APIClient, model: Receiver) -> None:
    made = create(client, model)
    assert result_of(client, made)["message"] == "It works: the provider has 2 models."
    assert result_of(client, made, model="small")["message"] == "It works: small answers."
    asked = model.requests[-1]
    assert (asked.path, json.loads(asked.body)["model"]) == ("/v1/chat/completions", "small")
    assert {request.headers["authorization"] for request in model.requests} == {f"Bearer {KEY}"}
    model.reply = lambda r: as_json(MODELS) if "/models" in r.path else as_json({}, 404)
    result = result_of(client, made, model="gone")
    assert result["message"] == "The provider has no model “gone”."
    assert result["hint"] == "Use one of its models, such as large, small."


def test_models_are_listed(client: APIClient, model: Receiver) -> None:
    made = create(client, model)
    models = f"{LIST}{made['id']}/models/"
    assert client.get(models).json() == {"models": ["large", "small"]}
    model.reply = lambda request: as_json({}, 404)
    assert client.get(models).json() == {"models": []}
    assert result_of(client, made)["status"] == "warn"


def test_agent_uses_only_its_own_organizations_connection(
    client: APIClient, model: Receiver, acme: Organization, globex: Organization
) -> None:
    made = create(client, model, models=["small"])
    agent = f"/api/v1/agents/{make_agent(acme).id}/"
    chosen = {"model": "openai-chat:small", "connection": made["id"]}
    assert client.patch(agent, chosen).json()["connection"] == made["id"]
    foreign = ModelConnection.objects.create(
        organization=globex, name="Theirs", base_url="https://example.com/v1"
    )
    for data, field in (
        ({"connection": str(foreign.id)}, "connection"),
        ({"model": "openai-chat:huge"}, "model"),
        ({"model": "builtin:knowledge"}, "model"),
    ):
        response = client.patch(agent, data)
        assert list(response.json()["fields"]) == [field]
    assert client.delete(f"{LIST}{made['id']}/").status_code == 409
    client.patch(agent, {"model": "builtin:knowledge", "connection": None})
    assert client.delete(f"{LIST}{made['id']}/").status_code == 204


def test_server_models_bind_only_the_servers_account(
    client: APIClient, model: Receiver, acme: Organization, settings: Settings
) -> None:
    settings.SERVER_MODELS = ["cheap"]
    settings.MAX_DAILY_TOKENS = 1_000
    made = create(client, model)
    agent = make_agent(acme)
    chosen = {"model": "openai-chat:small", "connection": made["id"]}
    assert client.patch(f"/api/v1/agents/{agent.id}/", chosen).status_code == 200
    loaded = reply_request(find_agent(agent.id), messages=[ChatMessage("user", "Hi")])
    assert loaded.budget is None
    ModelConnection.objects.update(model_names=["large"])
    with pytest.raises(ApplicationError):
        reply_request(find_agent(agent.id), messages=[ChatMessage("user", "Hi")])


def connected(endpoint: ModelEndpoint) -> LoadedReply:
    reply = make_reply()
    return replace(reply, request=replace(reply.request, endpoint=endpoint))


async def test_answer_comes_from_the_connected_endpoint(endpoint: ScriptedEndpoint) -> None:
    async with ScriptedEndpoint() as own:
        reply = connected(ModelEndpoint("1", own.base_url, KEY))
        assert (await collect(reply))[0] == "Hello there."
        assert (await collect(reply))[0] == "Hello there."
        assert [r.headers["authorization"] for r in own.requests] == [f"Bearer {KEY}"] * 2
        assert own.connections == 1
    assert endpoint.requests == []


async def test_answer_needs_a_readable_key_and_an_allowed_address(
    endpoint: ScriptedEndpoint, settings: Settings
) -> None:
    unreadable = connected(ModelEndpoint("1", endpoint.base_url, None))
    assert "can't be read any more" in str(await collect_failure(unreadable))
    await close_backends()
    settings.MODEL_ALLOWED_NETWORKS = []
    internal = connected(ModelEndpoint("2", endpoint.base_url, KEY))
    assert "can't be reached" in str(await collect_failure(internal))
    assert endpoint.requests == []


async def test_broken_connection_opens_no_other_ones_breaker(endpoint: ScriptedEndpoint) -> None:
    gone = connected(ModelEndpoint("1", "http://127.0.0.1:9/v1", KEY))
    for _ in range(FAILURES):
        await collect_failure(gone)
    assert "keeps failing" in str(await collect_failure(gone))
    assert (await collect(connected(ModelEndpoint("2", endpoint.base_url, KEY))))[0]
    assert (await collect(make_reply()))[0]


def test_owner_connects_a_provider_in_the_admin(
    acme: Organization, owner: Client, model: Receiver
) -> None:
    page = "/admin/agents/modelconnection/"
    data = {"organization": str(acme.id), "provider": "OpenAI", "api_key": KEY, "model_names": ""}
    local = f"http://127.0.0.1:{model.port}/v1"
    response = owner.post(f"{page}add/", {**data, "base_url": local}, follow=True)
    assert "It works: the provider has 2 models." in response.content.decode()
    row = ModelConnection.objects.get()
    assert (row.name, row.base_url) == ("OpenAI", local)
    response = owner.post(f"{page}{row.id}/models/", follow=True)
    assert KEY not in response.content.decode()
    row.refresh_from_db()
    assert row.model_names == ["large", "small"]
    response = owner.post(f"{page}{row.id}/test/", {"model": "small"}, follow=True)
    assert "It works: small answers." in response.content.decode()
    kept = {**data, "name": "OpenAI", "base_url": local, "api_key": "", "model_names": "small\n"}
    owner.post(f"{page}{row.id}/change/", kept)
    row.refresh_from_db()
    assert (row.model_names, decrypt(row.encrypted_key)) == (["small"], KEY)


def test_form_keeps_what_was_typed(acme: Organization, owner: Client) -> None:
    data = {"organization": str(acme.id), "name": "Ours", "model_names": "a\nb"}
    response = owner.post("/admin/agents/modelconnection/add/", data)
    text = response.content.decode()
    assert "Choose a provider, or enter the address of its API." in text
    assert 'value="Ours"' in text
    assert ">\na\nb</textarea>" in text
    presets = {**data, "provider": "Mistral"}
    owner.post("/admin/agents/modelconnection/add/", {**presets, "base_url": "https://10.0.0.1/"})
    assert not ModelConnection.objects.exists()


def result_of(client: APIClient, connection: dict[str, Any], **data: str) -> dict[str, Any]:
    response = client.post(f"{LIST}{connection['id']}/test/", data, format="json")
    assert response.status_code == 200, response.json()
    found: dict[str, Any] = response.json()
    return found
