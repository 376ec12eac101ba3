"""Who may call what, for every operation that there is: a new one has to be added here."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.agents.knowledge_source import KnowledgeSource, SourcePage
from loquent.agents.models import AgentAction, AgentQuestion, ModelConnection
from loquent.organizations.models import ApiKey, Organization, Role, Scope
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.openapi import openapi_document
from loquent.testing.people import make_agent, make_member, make_widget
from loquent.webhooks.services.endpoints import create_endpoint
from loquent.webhooks.services.events import send_ping
from widgets.services.handoff.saved_replies import Author, create_saved_reply
from widgets.services.history import append_message
from widgets.services.insights.unanswered import agent_groups
from widgets.services.sessions import create_widget_session

Connect = Callable[..., APIClient]

pytestmark = pytest.mark.exhaustive

READ = {"viewer", "operator", "admin", "owner", "key read", "key write"}
# What a viewer may not read as a whole, a program may: its key was made for that.
EXPORT = READ - {"viewer", "operator"}
WRITE = {"admin", "owner", "key write"}
ANSWER = WRITE | {"operator"}
OWN = {"owner"}
CALLERS = sorted(READ | {"nobody", "no member", "other owner", "other key"})

MATRIX: dict[tuple[str, str], set[str]] = {
    ("get", "/api/v1/widgets/"): READ,
    ("post", "/api/v1/widgets/"): WRITE,
    ("get", "/api/v1/widgets/{id}/"): READ,
    ("put", "/api/v1/widgets/{id}/"): WRITE,
    ("patch", "/api/v1/widgets/{id}/"): WRITE,
    ("delete", "/api/v1/widgets/{id}/"): WRITE,
    ("post", "/api/v1/widgets/{id}/reset-widget-id/"): WRITE,
    ("get", "/api/v1/agents/"): READ,
    ("post", "/api/v1/agents/"): WRITE,
    ("get", "/api/v1/agents/{id}/"): READ,
    ("put", "/api/v1/agents/{id}/"): WRITE,
    ("patch", "/api/v1/agents/{id}/"): WRITE,
    ("delete", "/api/v1/agents/{id}/"): WRITE,
    ("get", "/api/v1/agents/{id}/search/"): READ,
    ("post", "/api/v1/agents/{id}/evaluate/"): WRITE,
    ("get", "/api/v1/agents/{id}/unanswered/"): READ,
    ("post", "/api/v1/agents/{id}/unanswered/{question_id}/"): WRITE,
    ("get", "/api/v1/agents/{agent_id}/questions/"): READ,
    ("post", "/api/v1/agents/{agent_id}/questions/"): WRITE,
    ("get", "/api/v1/agents/{agent_id}/questions/{id}/"): READ,
    ("put", "/api/v1/agents/{agent_id}/questions/{id}/"): WRITE,
    ("patch", "/api/v1/agents/{agent_id}/questions/{id}/"): WRITE,
    ("delete", "/api/v1/agents/{agent_id}/questions/{id}/"): WRITE,
    ("get", "/api/v1/agents/{agent_id}/actions/"): READ,
    ("post", "/api/v1/agents/{agent_id}/actions/"): WRITE,
    ("get", "/api/v1/agents/{agent_id}/actions/{id}/"): READ,
    ("put", "/api/v1/agents/{agent_id}/actions/{id}/"): WRITE,
    ("patch", "/api/v1/agents/{agent_id}/actions/{id}/"): WRITE,
    ("delete", "/api/v1/agents/{agent_id}/actions/{id}/"): WRITE,
    ("post", "/api/v1/agents/{agent_id}/actions/{id}/dry-run/"): WRITE,
    ("get", "/api/v1/agents/{agent_id}/actions/{id}/tools/"): EXPORT,
    ("get", "/api/v1/agents/{agent_id}/sources/"): READ,
    ("post", "/api/v1/agents/{agent_id}/sources/"): WRITE,
    ("post", "/api/v1/agents/{agent_id}/sources/preview/"): WRITE,
    ("get", "/api/v1/agents/{agent_id}/sources/{id}/"): READ,
    ("delete", "/api/v1/agents/{agent_id}/sources/{id}/"): WRITE,
    ("post", "/api/v1/agents/{agent_id}/sources/{id}/sync/"): WRITE,
    ("post", "/api/v1/agents/{agent_id}/sources/{id}/undo/"): WRITE,
    ("get", "/api/v1/agents/{agent_id}/sources/{id}/report/"): READ,
    ("get", "/api/v1/agents/{agent_id}/sources/{id}/entries/"): READ,
    ("get", "/api/v1/contacts/"): READ,
    ("post", "/api/v1/contacts/"): WRITE,
    ("get", "/api/v1/contacts/export/"): EXPORT,
    ("get", "/api/v1/contacts/{id}/"): READ,
    ("put", "/api/v1/contacts/{id}/"): WRITE,
    ("patch", "/api/v1/contacts/{id}/"): WRITE,
    ("delete", "/api/v1/contacts/{id}/"): WRITE,
    ("get", "/api/v1/contacts/{id}/export/"): EXPORT,
    ("post", "/api/v1/contacts/{id}/erase/"): WRITE,
    ("get", "/api/v1/sessions/"): READ,
    ("get", "/api/v1/sessions/export/"): EXPORT,
    ("get", "/api/v1/sessions/{id}/"): READ,
    ("delete", "/api/v1/sessions/{id}/"): WRITE,
    ("get", "/api/v1/sessions/{id}/messages/"): READ,
    **{
        ("post", f"/api/v1/sessions/{{id}}/{move}/"): ANSWER
        for move in (
            "take-over",
            "reply",
            "release",
            "hand-back",
            "resolve",
            "reopen",
            "assign",
            "snooze",
            "notes",
        )
    },
    ("get", "/api/v1/sessions/{id}/notes/"): READ,
    ("get", "/api/v1/sessions/{id}/events/"): READ,
    ("get", "/api/v1/members/"): READ,
    ("get", "/api/v1/availability/"): READ - {"viewer"},
    ("put", "/api/v1/availability/"): ANSWER,
    ("get", "/api/v1/sessions/{id}/draft/"): READ - {"viewer"},
    ("put", "/api/v1/sessions/{id}/draft/"): ANSWER,
    ("get", "/api/v1/saved-replies/"): READ,
    ("post", "/api/v1/saved-replies/"): ANSWER,
    ("get", "/api/v1/saved-replies/{id}/"): READ,
    ("put", "/api/v1/saved-replies/{id}/"): WRITE,
    ("patch", "/api/v1/saved-replies/{id}/"): WRITE,
    ("delete", "/api/v1/saved-replies/{id}/"): WRITE,
    ("get", "/api/v1/api-keys/"): OWN,
    ("post", "/api/v1/api-keys/"): OWN,
    ("get", "/api/v1/api-keys/{id}/"): OWN,
    ("delete", "/api/v1/api-keys/{id}/"): OWN,
}
WEBHOOKS = {"owner", "key write"}
MATRIX |= {
    ("get", "/api/v1/webhooks/"): WEBHOOKS,
    ("post", "/api/v1/webhooks/"): WEBHOOKS,
    ("get", "/api/v1/webhooks/{id}/"): WEBHOOKS,
    ("put", "/api/v1/webhooks/{id}/"): WEBHOOKS,
    ("patch", "/api/v1/webhooks/{id}/"): WEBHOOKS,
    ("delete", "/api/v1/webhooks/{id}/"): WEBHOOKS,
    ("get", "/api/v1/webhooks/{id}/secret/"): WEBHOOKS,
    ("post", "/api/v1/webhooks/{id}/rotate-secret/"): WEBHOOKS,
    ("post", "/api/v1/webhooks/{id}/test/"): WEBHOOKS,
    ("get", "/api/v1/webhooks/{id}/deliveries/"): WEBHOOKS,
    ("post", "/api/v1/webhooks/{id}/deliveries/{delivery_id}/resend/"): WEBHOOKS,
    ("post", "/api/v1/webhooks/{id}/resend-failed/"): WEBHOOKS,
    ("get", "/api/v1/events/"): WEBHOOKS,
}
MATRIX |= {
    ("get", "/api/v1/connections/"): WEBHOOKS,
    ("post", "/api/v1/connections/"): WEBHOOKS,
    ("get", "/api/v1/connections/{id}/"): WEBHOOKS,
    ("put", "/api/v1/connections/{id}/"): WEBHOOKS,
    ("patch", "/api/v1/connections/{id}/"): WEBHOOKS,
    ("delete", "/api/v1/connections/{id}/"): WEBHOOKS,
    ("post", "/api/v1/connections/{id}/test/"): WEBHOOKS,
    ("get", "/api/v1/connections/{id}/models/"): WEBHOOKS,
}
OTHERS = {"other owner", "other key"}


def operations() -> list[tuple[str, str]]:
    document = openapi_document()
    return [(method, path) for path, methods in document["paths"].items() for method in methods]


@pytest.fixture
def clients(
    api: Connect, acme: Organization, globex: Organization, alice: User, bob: User, charlie: User
) -> dict[str, APIClient]:
    def key(organization: Organization, scope: Scope) -> APIClient:
        return api(create_api_key(organization=organization, name="x", scope=scope)[1])

    return {
        "nobody": api(),
        "no member": api(User.objects.create_user("stranger@example.com", is_staff=True)),
        "viewer": api(bob),
        "operator": api(make_member(acme, "olga", Role.OPERATOR)),
        "admin": api(make_member(acme, "anna", Role.ADMIN)),
        "owner": api(alice),
        "other owner": api(charlie),
        "other key": key(globex, Scope.WRITE),
        "key read": key(acme, Scope.READ),
        "key write": key(acme, Scope.WRITE),
    }


@pytest.fixture
def ids(acme: Organization) -> dict[str, str]:
    widget, agent = make_widget(acme), make_agent(acme)
    question = AgentQuestion.objects.create(agent=agent, question="Who?", expect="none")
    action = AgentAction.objects.create(agent=agent, name="status", title="Order status")
    source = KnowledgeSource.objects.create(agent=agent, url="https://127.0.0.1:9/", status="ready")
    SourcePage.objects.create(source=source, url=source.url, state="added", before={
        "digest": "", "missed": 0, "entries": [],
    })  # fmt: skip
    session, _ = create_widget_session(widget=widget)
    connection = ModelConnection.objects.create(
        organization=acme, name="Ours", base_url="https://127.0.0.1:9/v1"
    )
    webhook = create_endpoint(
        organization=acme, data={"url": "https://example.com/", "events": ["*"]}
    )
    asked = append_message(session, role="user", content="Do you repair tents?")
    append_message(session, role="assistant", content="No.", outcome="no_answer", reply_to=asked)
    [unanswered] = agent_groups(agent=widget.text_agent)
    saved_reply = create_saved_reply(
        organization=acme, author=Author(None, may_share=True), name="x", content="x", shared=True
    )
    return {
        "saved-replies": str(saved_reply.id),
        # Its agent answers visitors, and so can't be deleted.
        "asked": str(widget.text_agent_id),
        "unanswered": str(unanswered.id),
        "webhooks": str(webhook.id),
        "connections": str(connection.id),
        "delivery": str(send_ping(endpoint=webhook).id),
        "widgets": str(widget.id),
        "agents": str(agent.id),
        "actions": str(action.id),
        "questions": str(question.id),
        "sources": str(source.id),
        "contacts": str(Contact.objects.create(organization=acme, name="Jane").id),
        "sessions": str(session.id),
        "api-keys": str(create_api_key(organization=acme, name="Shown")[0].id),
    }


def test_matrix_covers_exactly_the_operations() -> None:
    assert sorted(operations()) == sorted(MATRIX)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path"), operations())
def test_permissions_match_the_matrix(
    clients: dict[str, APIClient],
    ids: dict[str, str],
    acme: Organization,
    globex: Organization,
    caller: str,
    method: str,
    path: str,
) -> None:
    below = [name for name in ("actions", "questions", "sources") if f"/{name}/" in path]
    kind = below[0] if below else path.split("/")[3]
    own_agent = make_agent(globex if caller in OTHERS else acme)
    body: dict[str, Any] = {"name": "New", "text_agent_id": str(own_agent.id)}
    if kind == "actions":
        body = {"name": "lookup", "url": "https://example.com/orders"}
        body = {} if path.endswith("/dry-run/") else body
    if kind == "questions":
        body = {"question": "Who is the pope?", "expect": "none"}
    if kind == "sources":
        body = {} if path.endswith(("/sync/", "/undo/")) else {"url": "https://example.com/"}
    if kind == "connections":
        body = {"name": "New", "base_url": "https://example.com/v1"}
    answering = globex if caller in OTHERS else acme
    member = str(answering.memberships.filter(role=Role.OWNER)[0].id)
    if kind in {"sessions", "saved-replies", "availability"}:
        body |= {"content": "Hello", "until": "2099-01-01T00:00:00Z", "member": member}
        body["status"] = "away"
    if kind == "webhooks":
        body = {"url": "https://example.com/new", "events": ["ping"]}
    if path.endswith("/evaluate/"):
        body = {}
    if path.endswith("/preview/"):
        body = {"url": "https://127.0.0.1/"}
    if "/unanswered/" in path:
        kind, body = "asked", {"ignore": True}
    if method == "get":
        is_mine = path.endswith(("/availability/", "/draft/"))
        body = {"member": member} if is_mine and "key" in caller else {}
    address = path.replace("{agent_id}", ids["agents"]).replace("{id}", ids.get(kind, ""))
    address = address.replace("{delivery_id}", ids["delivery"])
    address = address.replace("{question_id}", ids["unanswered"])
    address += "?q=pope" if path.endswith("/search/") else ""
    response = getattr(clients[caller], method)(address, body)
    assert response.status_code in expected(caller, method, path)
    if response.status_code == 200 and caller in OTHERS:
        # Lists and exports of another organization: nothing of Acme's.
        streamed = b"".join(response) if response.streaming else response.content
        assert not any(row.encode() in streamed for row in ids.values())


def expected(caller: str, method: str, path: str) -> set[int]:
    if caller == "nobody":
        return {401}
    if caller == "no member":
        return {403}
    allowed = MATRIX[method, path]
    if caller == "other key" and allowed == OWN:
        return {403}
    if caller in OTHERS and ("{id}" in path or "{agent_id}" in path):
        return {404}
    # Nothing listens where the connection leads to, and no test asks a site elsewhere.
    allowed_statuses = {200, 201, 204}
    if path.endswith(("/models/", "/tools/")):
        allowed_statuses = {409}
    elif path.endswith("/preview/"):
        allowed_statuses = {400}
    return allowed_statuses if caller in allowed | OTHERS else {403}


@pytest.mark.parametrize("path", ["/api/v1/contacts/", "/api/v1/api-keys/"])
def test_refusal_names_the_scope_the_key_lacks(
    clients: dict[str, APIClient], acme: Organization, path: str
) -> None:
    message = clients["key read"].post(path, {"name": "x"}).json()["message"]
    assert "is read-only" in message or "can't manage API keys" in message
    assert not ApiKey.objects.filter(name="New").exists()
