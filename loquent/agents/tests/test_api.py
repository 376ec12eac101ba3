"""/api/v1/agents/"""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from loquent.agents.models import DEFAULT_FALLBACK, TextAgent
from loquent.agents.services import EntryData, create_agent
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget

pytestmark = pytest.mark.django_db
Connect = Callable[[Any], APIClient]
PATH = "/api/v1/agents/"
ONE = {"title": "One", "content": "First.", "url": "https://shop.test/1"}


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return create_agent(
        organization=acme,
        data={"name": "Ann", "knowledge": [{"title": "One", "content": "First."}]},
    )


def post(client: APIClient, **data: object) -> Any:
    return client.post(PATH, data, format="json")


def test_agent_can_be_created_read_changed_and_deleted(
    client: APIClient, acme: Organization
) -> None:
    created = post(client, name="Ann", knowledge=[ONE], unknown="ignored")
    assert created.status_code == 201
    data = created.json()
    assert data.keys() == {
        "id", "organization_id", "name", "instructions", "model", "max_output_tokens",
        "connection", "temperature", "language", "enabled", "fallback_sentence", "knowledge",
        "created_at", "updated_at",
    }  # fmt: skip
    assert data["organization_id"] == str(acme.id)
    assert (data["name"], data["model"], data["enabled"]) == ("Ann", "builtin:knowledge", True)
    assert (data["max_output_tokens"], data["temperature"]) == (1_024, None)
    assert data["fallback_sentence"] == DEFAULT_FALLBACK
    [entry] = data["knowledge"]
    assert entry == {**ONE, "id": entry["id"]}

    path = f"{PATH}{data['id']}/"
    assert client.get(path).json() == data
    assert client.get(PATH).json() == {"results": [data], "next": None}

    changed = client.patch(path, {"name": "Bea", "temperature": 0.5}, format="json")
    assert changed.status_code == 200
    assert changed.json() == {
        **data, "name": "Bea", "temperature": 0.5, "updated_at": changed.json()["updated_at"],
    }  # fmt: skip

    entries = [{"title": "New", "content": "Second."}, {**entry, "title": "One!"}]
    changed = client.patch(path, {"knowledge": entries}, format="json")
    titles = {e["id"]: e["title"] for e in changed.json()["knowledge"]}
    assert titles.pop(entry["id"]) == "One!"
    assert list(titles.values()) == ["New"]

    replaced = client.put(path, {"name": "Cleo"}, format="json").json()
    assert (replaced["name"], len(replaced["knowledge"])) == ("Cleo", 2)

    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "A", "language": "xx"}, "language"),
        ({"name": "a\ud83d"}, "name"),
        ({"instructions": "x" * 20_001}, "instructions"),
        ({"model": "gpt"}, "model"),
        ({"model": "nobody:x"}, "model"),
        ({"model": 7}, "model"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": 10**30}, "max_output_tokens"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"max_output_tokens": None}, "max_output_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": {}}, "temperature"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"enabled": None}, "enabled"),
        ({"knowledge": None}, "knowledge"),
        ({"knowledge": {}}, "knowledge"),
        ({"knowledge": "x"}, "knowledge"),
        ({"knowledge": [1]}, "knowledge.0"),
        ({"knowledge": [ONE, {"title": "x"}]}, "knowledge.1.content"),
        ({"knowledge": [{**ONE, "id": "x"}]}, "knowledge.0.id"),
        ({"knowledge": [{**ONE, "id": str(uuid.uuid4())}]}, "knowledge.0.id"),
        ({"knowledge": [{**ONE, "url": "javascript:alert(1)"}]}, "knowledge.0.url"),
        ({"knowledge": [{**ONE, "content": "\ud83d"}]}, "knowledge.0.content"),
        ({"knowledge": [{**ONE, "content": "x" * 100_001}]}, "knowledge.0.content"),
    ],
)
def test_invalid_input_names_its_field(
    client: APIClient, data: dict[str, object], field: str
) -> None:
    body = {"name": "Ann", **data} if data else {}
    response = client.post(PATH, json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    error = response.json()
    assert error["code"] == "invalid"
    assert list(error["fields"]) == [field]
    assert error["message"]
    assert TextAgent.objects.count() == 0


@pytest.mark.parametrize("body", ["", "{", "[]", "1", '"x"', "null", '{"name": NaN}', "\xff"])
def test_non_object_body_is_refused(client: APIClient, body: str) -> None:
    response = client.post(PATH, body.encode("latin-1"), content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert response.json()["message"]


def test_entry_of_another_agent_is_refused(
    client: APIClient, agent: TextAgent, globex: Organization
) -> None:
    entry: EntryData = {"title": "Secret", "content": "Theirs."}
    theirs = create_agent(organization=globex, data={"name": "Zed", "knowledge": [entry]})
    stolen = {**entry, "id": str(theirs.knowledge.get().id)}
    response = client.patch(f"{PATH}{agent.id}/", {"knowledge": [stolen]}, format="json")
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["knowledge.0.id"]
    assert agent.knowledge.get().title == "One"
    assert theirs.knowledge.get().title == "Secret"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_foreign_agent_is_404(api: Connect, charlie: User, agent: TextAgent, method: str) -> None:
    client = api(charlie)
    response = getattr(client, method)(f"{PATH}{agent.id}/", {"name": "Mine"}, format="json")
    assert response.status_code == 404
    assert client.get(PATH).json()["results"] == []
    agent.refresh_from_db()
    assert agent.name == "Ann"


def test_organization_cannot_be_chosen_or_changed(
    client: APIClient, agent: TextAgent, acme: Organization, globex: Organization
) -> None:
    chosen = {"name": "Bea", "organization_id": str(globex.id), "organization": str(globex.id)}
    assert post(client, **chosen).json()["organization_id"] == str(acme.id)
    changed = client.patch(f"{PATH}{agent.id}/", chosen, format="json")
    assert changed.json()["organization_id"] == str(acme.id)


def test_viewer_can_read_but_not_write(api: Connect, bob: User, agent: TextAgent) -> None:
    client = api(bob)
    path = f"{PATH}{agent.id}/"
    assert client.get(path).status_code == 200
    assert post(client, name="Bea").status_code == 403
    assert client.patch(path, {"name": "Bea"}, format="json").status_code == 403
    assert client.delete(path).status_code == 403


def test_anonymous_client_cannot_read(agent: TextAgent) -> None:
    assert APIClient().get(PATH).status_code in {401, 403}
    assert APIClient().get(f"{PATH}{agent.id}/").status_code in {401, 403}


def test_agent_in_use_cannot_be_deleted(
    client: APIClient, agent: TextAgent, acme: Organization
) -> None:
    make_widget(acme, agent=agent, name="Shop")
    response = client.delete(f"{PATH}{agent.id}/")
    assert response.status_code == 409
    assert response.json()["code"] == "conflict"
    assert "widgets use it" in response.json()["message"]
    assert TextAgent.objects.filter(id=agent.id).exists()


@pytest.mark.costly
def test_page_is_shorter_if_its_agents_have_much_knowledge(
    client: APIClient, acme: Organization
) -> None:
    entries: list[EntryData] = [{"title": "T", "content": "x" * 100_000} for _ in range(9)]
    names = [f"Agent {number}" for number in range(5)]
    for name in names:
        create_agent(organization=acme, data={"name": name, "knowledge": entries})
    create_agent(organization=acme, data={"name": "Knows nothing"})
    link: EntryData = {**entries[0], "url": f"https://example.com/{'x' * 1_900}"}
    create_agent(
        organization=acme, data={"name": "Full", "knowledge": [*entries, *entries, link, link]}
    )
    pages, address = [], f"{PATH}?ordering=created_at"
    while address:
        response = client.get(address)
        assert len(response.content) < 2_100_000
        page = response.json()
        pages.append([agent["name"] for agent in page["results"]])
        address = page["next"]
    assert pages == [names[:2], names[2:4], [names[4], "Knows nothing"], ["Full"]]


def test_list_query_count_is_constant(
    client: APIClient, acme: Organization, agent: TextAgent
) -> None:
    with CaptureQueriesContext(connection) as for_one:
        client.get(PATH)
    for number in range(9):
        entries: list[EntryData] = [{"title": str(n), "content": "x"} for n in range(3)]
        create_agent(organization=acme, data={"name": str(number), "knowledge": entries})
    with CaptureQueriesContext(connection) as for_many:
        assert len(client.get(PATH).json()["results"]) == 10
    assert len(for_many) == len(for_one)
