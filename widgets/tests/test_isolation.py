"""Nobody reaches what belongs to another organization, by no path and no value."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.agents.knowledge_source import KnowledgeSource
from loquent.agents.models import TextAgent
from loquent.organizations.models import Membership, Organization, Role
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

pytestmark = pytest.mark.promise(12)

Connect = Callable[..., APIClient]


@dataclass(frozen=True)
class Belongings:
    """One row of everything that an organization has."""

    agent: TextAgent
    source: KnowledgeSource
    widget: WidgetConfig
    contact: Contact
    session: WidgetSession
    message: WidgetMessage


@pytest.fixture
def acmes(acme: Organization) -> Belongings:
    agent = make_agent(acme, name="Acme's agent")
    source = KnowledgeSource.objects.create(
        agent=agent, url="https://acme.example/", status="ready"
    )
    widget = make_widget(acme, agent=agent, name="Acme's widget")
    session, _ = create_widget_session(widget=widget)
    contact = Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")
    WidgetSession.objects.filter(id=session.id).update(contact=contact)
    message = append_message(session, role="user", content="A secret of Acme")
    return Belongings(agent, source, widget, contact, session, message)


@pytest.fixture
def strangers(
    api: Connect, charlie: User, globex: Organization, acmes: Belongings
) -> dict[str, APIClient]:
    """Everybody at Globex, with something of their own."""
    make_widget(globex)
    people = {"owner": api(charlie)}
    for role in (Role.ADMIN, Role.VIEWER):
        user = User.objects.create_user(f"{role}@globex.example", is_staff=True)
        Membership.objects.create(organization=globex, user=user, role=role)
        people[role.value] = api(user)
    return people | {"key": api(create_api_key(organization=globex, name="Globex")[1])}


CALLERS = ["owner", "admin", "viewer", "key"]
READS = [
    "/api/v1/widgets/{widget.id}/",
    "/api/v1/agents/{agent.id}/",
    "/api/v1/contacts/{contact.id}/",
    "/api/v1/agents/{agent.id}/sources/",
    "/api/v1/agents/{agent.id}/sources/{source.id}/",
    "/api/v1/agents/{agent.id}/sources/{source.id}/report/",
    "/api/v1/agents/{agent.id}/sources/{source.id}/entries/",
    "/api/v1/sessions/{session.id}/",
    "/api/v1/sessions/{session.id}/messages/",
]
WRITES = [(method, path) for path in READS[:3] for method in ("put", "patch", "delete")] + [
    ("post", "/api/v1/widgets/{widget.id}/reset-widget-id/"),
    ("post", "/api/v1/contacts/{contact.id}/erase/"),
    ("delete", "/api/v1/sessions/{session.id}/"),
    ("post", "/api/v1/agents/{agent.id}/sources/"),
    ("post", "/api/v1/agents/{agent.id}/sources/preview/"),
    ("delete", "/api/v1/agents/{agent.id}/sources/{source.id}/"),
    ("post", "/api/v1/agents/{agent.id}/sources/{source.id}/sync/"),
    ("post", "/api/v1/agents/{agent.id}/sources/{source.id}/undo/"),
]


def snapshot() -> list[Any]:
    models = (WidgetConfig, TextAgent, KnowledgeSource, Contact, WidgetSession, WidgetMessage)
    return [list(model.objects.order_by("id").values()) for model in models]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("path", READS)
def test_foreign_rows_cannot_be_read(
    strangers: dict[str, APIClient], acmes: Belongings, caller: str, path: str
) -> None:
    foreign = strangers[caller].get(path.format(**vars(acmes)))
    assert foreign.status_code == 404
    nowhere = strangers[caller].get(
        path.replace(".id}", "}").format(**dict.fromkeys(vars(acmes), uuid.uuid4()))
    )
    assert (nowhere.status_code, nowhere.content) == (404, foreign.content)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_foreign_rows_cannot_be_written(
    strangers: dict[str, APIClient], acmes: Belongings, caller: str, method: str, path: str
) -> None:
    before = snapshot()
    body = {"name": "Mine", "text_agent_id": str(acmes.agent.id)}
    response = getattr(strangers[caller], method)(path.format(**vars(acmes)), body)
    assert response.status_code == (403 if caller == "viewer" else 404)
    assert snapshot() == before


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("kind", ["widgets", "agents", "contacts", "sessions"])
def test_lists_contain_only_own_rows(
    strangers: dict[str, APIClient], acmes: Belongings, caller: str, kind: str
) -> None:
    for query in ({}, {"organization": str(acmes.agent.organization_id)}, {"search": "Acme"}):
        body = strangers[caller].get(f"/api/v1/{kind}/", query).content.decode()
        assert "Acme" not in body
        assert "jane" not in body
        for row in vars(acmes).values():
            assert str(row.id) not in body


@pytest.mark.parametrize("caller", ["owner", "admin", "key"])
def test_foreign_agent_is_an_invalid_value(
    strangers: dict[str, APIClient], acmes: Belongings, globex: Organization, caller: str
) -> None:
    client, own = strangers[caller], WidgetConfig.objects.get(organization=globex)
    before = snapshot()
    path = f"/api/v1/widgets/{own.id}/"
    foreign, unknown = str(acmes.agent.id), str(uuid.uuid4())
    for method, address in (("post", "/api/v1/widgets/"), ("put", path), ("patch", path)):
        bodies = set()
        for agent_id in (foreign, unknown):
            response = getattr(client, method)(address, {"text_agent_id": agent_id})
            assert response.status_code == 400
            assert list(response.json()["fields"]) == ["text_agent_id"]
            bodies.add(response.content)
        assert len(bodies) == 1
    assert snapshot() == before


@pytest.mark.parametrize("kind", ["widgets", "agents", "contacts"])
def test_rows_cannot_be_created_for_another_organization(
    strangers: dict[str, APIClient],
    acme: Organization,
    globex: Organization,
    kind: str,
) -> None:
    agent = make_agent(globex)
    body = {
        "name": "Mine",
        "text_agent_id": str(agent.id),
        "organization_id": str(acme.id),
        "organization": str(acme.id),
    }
    created = strangers["owner"].post(f"/api/v1/{kind}/", body)
    assert created.status_code == 201
    made = {"widgets": WidgetConfig, "agents": TextAgent, "contacts": Contact}[kind]
    assert made.objects.get(id=created.json()["id"]).organization == globex  # type: ignore[attr-defined]


def test_same_details_reveal_nothing_about_foreign_contacts(
    strangers: dict[str, APIClient], acmes: Belongings
) -> None:
    created = strangers["owner"].post("/api/v1/contacts/", {"email": "jane@example.com"})
    assert created.status_code == 201
    assert created.json()["id"] != str(acmes.contact.id)
    assert created.json()["name"] == ""


def test_members_can_access_all_own_rows(
    api: Connect, alice: User, bob: User, acme_key: str, acmes: Belongings
) -> None:
    for caller in (alice, bob, acme_key):
        for path in READS:
            assert api(caller).get(path.format(**vars(acmes))).status_code == 200


def test_responses_contain_only_documented_fields(
    api: Connect, alice: User, acmes: Belongings
) -> None:
    client = api(alice)
    session = client.get(f"/api/v1/sessions/{acmes.session.id}/").json()
    assert session == {
        "id": str(acmes.session.id),
        "widget_id": str(acmes.widget.id),
        "contact_id": str(acmes.contact.id),
        "page": None,
        "message_count": 1,
        "last_answer": None,
        "outcome": None,
        "needs_attention": [],
        "last_active_at": session["last_active_at"],
        "ended_at": None,
        "handler": "agent",
        "assignee": None,
        "status": "open",
        "revision": 0,
        "waiting_since": session["waiting_since"],
        "wanted_reason": None,
        "follow_up": False,
        "snoozed_until": None,
        "reply_email": None,
        "survey": None,
        "created_at": session["created_at"],
    }
    [message] = client.get(f"/api/v1/sessions/{acmes.session.id}/messages/").json()["results"]
    assert (message["role"], message["content"], message["seq"]) == ("user", "A secret of Acme", 1)
    assert "token" not in str(session) + str(
        sorted(set(message) - {"input_tokens", "output_tokens", "first_token_ms"})
    )


def test_source_of_another_agent_is_not_found_below_ones_own(
    strangers: dict[str, APIClient], acmes: Belongings, globex: Organization
) -> None:
    own = TextAgent.objects.filter(organization=globex)[0]
    path = f"/api/v1/agents/{own.id}/sources/{acmes.source.id}/"
    before = snapshot()
    for address in ("", "report/", "entries/"):
        assert strangers["owner"].get(f"{path}{address}").status_code == 404
    for address in ("sync/", "undo/"):
        assert strangers["owner"].post(f"{path}{address}", {}).status_code == 404
    assert strangers["owner"].delete(path).status_code == 404
    assert snapshot() == before
