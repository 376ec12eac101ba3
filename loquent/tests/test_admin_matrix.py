"""Every page of the admin, for every role: a new page has to be written in here first."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from contacts.models import Contact
from loquent.agents.models import AgentAction, DailyTokenUsage, ModelConnection, TextAgent
from loquent.jobs.models import Job
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import ApiKey, Invitation, Membership, Organization, Role
from loquent.organizations.services.invitations import invite
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_agent, make_member, make_widget
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.endpoints import create_endpoint
from loquent.webhooks.services.events import send_ping
from widgets.models import ActionCall, ErasureReceipt, WidgetConfig, WidgetSession
from widgets.services.sessions import create_widget_session

VIEWER, ADMIN, OWNER, ROOT = Role.VIEWER, Role.ADMIN, Role.OWNER, "superuser"
PEOPLE = (VIEWER, ADMIN, OWNER, ROOT)
STANDARD = ("changelist", "add", "change", "delete", "history")
# Who may open list, form of a new one, row, deletion, history: from this role upwards.
# None: nobody; "root": superusers alone.
TENANT: dict[type[Model], tuple[Any, Any, Any, Any, Any]] = {
    Organization: (VIEWER, "root", VIEWER, "root", VIEWER),
    Membership: (VIEWER, None, VIEWER, OWNER, VIEWER),
    Invitation: (OWNER, OWNER, OWNER, OWNER, OWNER),
    ApiKey: (OWNER, OWNER, OWNER, OWNER, OWNER),
    AuditEntry: (OWNER, None, OWNER, None, OWNER),
    Job: (OWNER, None, OWNER, OWNER, OWNER),
    ModelConnection: (OWNER, OWNER, OWNER, OWNER, OWNER),
    WebhookEndpoint: (OWNER, OWNER, OWNER, OWNER, OWNER),
    WebhookDelivery: (OWNER, None, OWNER, None, OWNER),
    TextAgent: (VIEWER, ADMIN, VIEWER, ADMIN, VIEWER),
    AgentAction: (VIEWER, ADMIN, VIEWER, ADMIN, VIEWER),
    ActionCall: (VIEWER, None, VIEWER, None, VIEWER),
    DailyTokenUsage: (VIEWER, None, VIEWER, None, VIEWER),
    Contact: (VIEWER, ADMIN, VIEWER, ADMIN, VIEWER),
    WidgetConfig: (VIEWER, ADMIN, VIEWER, ADMIN, VIEWER),
    WidgetSession: (VIEWER, None, VIEWER, ADMIN, VIEWER),
    ErasureReceipt: (VIEWER, None, VIEWER, "root", VIEWER),
}
SERVER: tuple[type[Model], ...] = (User, Group)
# Pages of a row beside Django's own, by their name without the model's.
OF_A_ROW: dict[tuple[type[Model], str], Any] = {
    (Contact, "export"): ADMIN,
    (Contact, "erase"): ADMIN,
    (WidgetConfig, "reset"): ADMIN,
    (WidgetConfig, "install"): VIEWER,
    (WidgetConfig, "sites"): VIEWER,
    (WidgetConfig, "qr"): VIEWER,
    (WidgetConfig, "preview"): VIEWER,
    (TextAgent, "knowledge"): VIEWER,
    (TextAgent, "sources"): VIEWER,
    (WidgetSession, "messages"): VIEWER,
    (WidgetSession, "export"): VIEWER,
}
# Pages of a kind of rows beside Django's own.
OF_A_LIST: dict[tuple[type[Model], str], Any] = {
    (WidgetSession, "exportlist"): ADMIN,
}
# Pages of the site, about the current organization. A superuser chooses one first.
OF_THE_SITE = {"setup": ADMIN, "setup_shop": ADMIN}
# They lead to the first screen while there is no chat.
OF_THE_SITE |= {"setup_teach": ADMIN, "setup_try": ADMIN, "setup_site": ADMIN}
# Nothing to look at: a GET is refused, whoever asks. What a POST does has tests of its own.
POSTS = {
    "agents_textagent_playground", "agents_textagent_saveentry", "agents_textagent_deleteentry",
    "agents_textagent_import", "agents_textagent_changesource", "widgets_widgetsession_apply",
    "agents_textagent_checkentry",
}  # fmt: skip
# Everybody who is signed in, whatever the role; (name, what a GET answers).
FOR_ALL = {
    "index": 200,
    "login": 302,
    "password_change": 200,
    "password_change_done": 200,
    "logout": 405,
    "jsi18n": 200,
    "switch_organization": 405,
    "overview_csv": 200,
    "knowledge": 200,
    # Without a question there is nothing to answer.
    "answer_question": 404,
    "inbox": 200,
    "inbox_rows": 200,
    # There is no such conversation.
    "inbox_thread": 404,
    "notifications": 200,
    "test_questions": 200,
    "quality": 200,
    "reports": 200,
    "app_list": 200,
    **{f"password_reset{page}": 200 for page in ("", "_done", "_confirm", "_complete")},
    "join": 404,
    "join_link": 302,
}
# Addresses that take a form alone: their own tests say from whom.
FORMS = {
    "register_push",
    "jobs_job_retry",
    "setup_own_shop",
    "setup_look",
    "setup_hide",
    "organizations_invitation_resend",
    "agents_agentaction_test",
    "agents_agentaction_tools",
    "agents_modelconnection_models",
    "agents_modelconnection_test",
    "webhooks_webhookdelivery_resend",
    "webhooks_webhookendpoint_resendfailed",
    "webhooks_webhookendpoint_rotate",
    "webhooks_webhookendpoint_test",
    "widgets_widgetconfig_allow",
    "widgets_widgetconfig_check",
    "widgets_widgetsession_done",
}
# A password form of Django's own; the address that leads from a row to its form; nothing at all.
UNLISTED = {"auth_user_password_change", "", None}


def options_name(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def names(patterns: Any = None) -> Iterator[str | None]:
    """The names of all addresses of the admin."""
    if patterns is None:
        (found,) = [r for r in get_resolver().url_patterns if str(r.pattern) == "admin/"]
        patterns = found.url_patterns  # type: ignore[union-attr]
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern.name


def expectations() -> dict[str, Any]:
    table = {
        f"{options_name(model)}_{page}": role
        for model, roles in TENANT.items()
        for page, role in zip(STANDARD, roles, strict=True)
    }
    table |= {f"{options_name(model)}_{page}": "root" for model in SERVER for page in STANDARD}
    others = {**OF_A_ROW, **OF_A_LIST}
    table |= {f"{options_name(m)}_{page}": role for (m, page), role in others.items()}
    return table | OF_THE_SITE


def address(name: str, by_name: dict[str, Model]) -> str:
    """Where a page is, of a row where it is of one."""
    if name in OF_THE_SITE:
        return reverse(f"admin:{name}")
    kind, _, page = name.rpartition("_")
    of_a_list = {
        "changelist",
        "add",
        "playground",
        "preview",
        "check",
        *(page for _, page in OF_A_LIST),
    }
    return reverse(f"admin:{name}", args=[] if page in of_a_list else [by_name[kind].pk])


def test_matrix_covers_every_page() -> None:
    there = {name for name in names() if name not in UNLISTED}
    assert there == set(expectations()) | set(FOR_ALL) | POSTS | FORMS
    registered = set(admin.site._registry)
    assert registered == set(TENANT) | set(SERVER)


@pytest.fixture
def rows(acme: Organization) -> dict[type[Model], Model]:
    """A row of each kind, of Acme."""
    agent = make_agent(acme)
    widget = make_widget(acme, agent=agent)
    session, _ = create_widget_session(widget=widget)
    contact = Contact.objects.create(organization=acme, name="Jane")
    usage = DailyTokenUsage.objects.create(organization=acme, day="2026-01-01")
    receipt = ErasureReceipt.objects.create(
        organization=acme, contact_id=uuid.uuid4(), conversations=0, messages=0, claims=0
    )
    member = make_member(acme, "somebody", Role.VIEWER)
    make_member(acme, "boss", Role.OWNER)
    key, _ = create_api_key(organization=acme, name="Key")
    invited, _ = invite(organization=acme, email="new@example.com", role=VIEWER, invited_by=member)
    webhook = create_endpoint(
        organization=acme, data={"url": "https://example.com/", "events": ["*"]}
    )
    action = AgentAction.objects.create(agent=agent, name="status", title="Order status")
    call = ActionCall.objects.create(session=session, action=action, title="Order status")
    return {
        AgentAction: action, ActionCall: call,
        ModelConnection: ModelConnection.objects.create(
            organization=acme, name="Ours", base_url="https://example.com/v1"
        ),
        WebhookEndpoint: webhook, WebhookDelivery: send_ping(endpoint=webhook),
        Organization: acme, Membership: member.memberships.get(), ApiKey: key, TextAgent: agent,
        DailyTokenUsage: usage, Contact: contact, WidgetConfig: widget, WidgetSession: session,
        AuditEntry: AuditEntry.objects.filter(organization=acme)[0], Invitation: invited,
        ErasureReceipt: receipt, User: member,
        Job: Job.objects.create(
            kind="mail", group="mail", organization=acme, run_at=timezone.now(), state="failed"
        ),
        Group: Group.objects.create(name="Group"),
    }  # fmt: skip


@pytest.fixture(
    params=[VIEWER, *(pytest.param(role, marks=pytest.mark.exhaustive) for role in PEOPLE[1:])]
)
def person(request: pytest.FixtureRequest, acme: Organization) -> tuple[Any, User]:
    if request.param == ROOT:
        return ROOT, User.objects.create_superuser("root", password="x")
    return request.param, make_member(acme, "person", request.param)


def allows(needed: Any, who: Any) -> bool:
    if needed is None:
        return False
    if needed == "root" or who == ROOT:
        return bool(who == ROOT)
    return PEOPLE.index(who) >= PEOPLE.index(needed)


def test_every_page_obeys_the_role(
    client: Client, person: tuple[Any, User], rows: dict[type[Model], Model]
) -> None:
    who, user = person
    client.force_login(user)
    by_name = {options_name(model): row for model, row in rows.items()}
    wrong = []
    for name, needed in expectations().items():
        status = client.get(address(name, by_name)).status_code
        if (status == 200) != allows(needed, who) or status not in {200, 302, 403, 404}:
            wrong.append((name, needed, status))
    assert wrong == []
    assert {client.get(address(name, by_name)).status_code for name in POSTS} == {405}
    for name, expected in FOR_ALL.items():
        arguments_of: dict[str, list[Any]] = {
            "app_list": ["widgets"],
            "password_reset_confirm": ["x", "y"],
            "join_link": ["lqi_x"],
            "inbox_thread": [uuid.uuid4()],
        }
        path = reverse(f"admin:{name}", args=arguments_of.get(name, []))
        assert (name, client.get(path).status_code) == (name, expected)


def test_every_page_requires_login(client: Client, rows: dict[type[Model], Model]) -> None:
    by_name = {options_name(model): row for model, row in rows.items()}
    for name in (*expectations(), *POSTS):
        for method in ("get", "post"):
            response = getattr(client, method)(address(name, by_name))
            assert response.status_code == 302
            assert response["Location"].startswith("/admin/login/")


def test_navigation_links_only_to_accessible_pages(
    client: Client, person: tuple[Any, User], rows: dict[type[Model], Model]
) -> None:
    _, user = person
    client.force_login(user)
    groups = client.get("/admin/password_change/").context["lq_navigation"]
    entries = {item["label"]: item["url"] for group in groups for item in group["items"]}
    tabs = client.get(entries["Settings"]).context["lq_tabs"]
    links = [*entries.values(), *(tab["url"] for tab in tabs)]
    assert "/admin/" in links
    assert len(links) >= 9
    assert {client.get(link).status_code for link in links} == {200}
