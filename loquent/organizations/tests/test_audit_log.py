"""The audit log says who changed what in an organization, to its owners alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Contact
from loquent.agents.services import update_agent
from loquent.organizations.audit_entry import MAX_VALUE, AuditEntry
from loquent.organizations.models import ApiKey, Membership, Organization, Role
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import PASSWORD, api_client, make_agent, make_widget
from widgets.services.configs import change_widget, reset_widget_id
from widgets.services.erasure import erase_contact
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

LIST = "/admin/organizations/auditentry/"


@pytest.fixture
def owner(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def last() -> Any:
    return AuditEntry.objects.first()


def page_of(browser: Client, query: str = "") -> str:
    return browser.get(f"{LIST}{query}").content.decode()


def test_changed_role_is_recorded(
    owner: Client, alice: User, bob: User, acme: Organization
) -> None:
    bobs = Membership.objects.get(user=bob)
    owner.post(f"/admin/organizations/membership/{bobs.pk}/change/", {"role": "admin"})
    entry = last()
    assert (entry.actor, entry.actor_name) == (alice, alice.username)
    assert entry.organization == acme
    assert entry.changes == {"role": ["viewer", "admin"]}
    assert "role: Viewer → Admin" in page_of(owner)
    detail = owner.get(f"{LIST}{entry.pk}/change/").content.decode()
    assert "<td>Viewer</td><td>Admin</td>" in detail


def test_history_of_a_row_links_to_its_entries(
    owner: Client, alice: User, bob: User, acme: Organization, acme_key: str
) -> None:
    widget, other = make_widget(acme, name="Shop"), make_widget(acme, name="Help")
    api_client(acme_key).patch(f"/api/v1/widgets/{widget.pk}/", {"greeting": "By a program"})
    change_widget(widget=other, greeting="Elsewhere")
    history = f"/admin/widgets/widgetconfig/{widget.pk}/history/"
    address = f"{LIST}?object_pk={widget.pk}"
    assert f'href="{address}"' in owner.get(history).content.decode()
    lines = owner.get(address).content.decode()
    assert "By a program" in lines
    assert "Elsewhere" not in lines
    contact = Contact.objects.create(organization=acme, name="Jane")
    # Of contacts nothing is in the log, and viewers may not read it.
    assert LIST not in main(owner, f"/admin/contacts/contact/{contact.pk}/history/")
    owner.force_login(bob)
    assert LIST not in main(owner, history)


def main(browser: Client, path: str) -> str:
    """A page beside its navigation."""
    page = browser.get(path).content.decode()
    return page[page.index('id="content"') :]


def test_rest_changes_of_widgets_and_agents_are_recorded(acme: Organization, acme_key: str) -> None:
    agent, other = make_agent(acme, name="Helper"), make_agent(acme, name="Sales")
    widget = make_widget(acme, agent=agent, name="Shop")
    api = api_client(acme_key)
    assert api.patch(f"/api/v1/agents/{agent.pk}/", {"instructions": "Be kind."}).status_code == 200
    entry = last()
    assert entry.changes == {"instructions": ["", "Be kind."]}
    assert entry.actor is None
    assert entry.actor_name == f"API key {ApiKey.objects.get()}"
    change_widget(widget=widget, text_agent_id=other.pk)
    assert last().changes == {"text_agent": ["Helper", "Sales"]}
    assert last().actor_name == "The server"
    old = widget.widget_id
    reset_widget_id(widget=widget)
    assert last().changes == {"widget_id": [old, widget.widget_id]}


def test_bulk_action_records_each_widget(owner: Client, acme: Organization) -> None:
    first, second = make_widget(acme, name="One"), make_widget(acme, name="Two", enabled=False)
    before = AuditEntry.objects.count()
    chosen = [str(first.pk), str(second.pk)]
    owner.post("/admin/widgets/widgetconfig/", {"action": "disable", "_selected_action": chosen})
    assert AuditEntry.objects.count() == before + 1
    assert (last().object_repr, last().changes) == ("One", {"enabled": ["True", "False"]})
    assert "enabled: yes → no" in page_of(owner)


def test_lists_are_shown_as_people_write_them(owner: Client, acme: Organization) -> None:
    widget = make_widget(acme, allowed_origins=["https://a.example", "https://b.example"])
    change_widget(widget=widget, allowed_origins=None)
    page = page_of(owner)
    assert "allowed sites: https://a.example, https://b.example → –" in page
    assert "[&quot;" not in page


def test_knowledge_changes_are_recorded(acme: Organization) -> None:
    agent = make_agent(
        acme, knowledge=[{"title": "A", "content": "a"}, {"title": "B", "content": "b"}]
    )
    kept = agent.knowledge.get(title="A")
    AuditEntry.objects.all().delete()
    long = "x" * 10_000
    new = {"title": "C", "content": "c"}
    changed = {"id": kept.pk, "title": "A", "content": long}
    update_agent(agent=agent, data={"knowledge": [changed, new]})  # type: ignore[list-item]
    made, edited, gone = (AuditEntry.objects.filter(action=action).get() for action in (0, 1, 2))
    assert (made.object_repr, gone.object_repr, edited.object_repr) == ("C", "B", "A")
    assert list(edited.changes) == ["content"]
    assert len(edited.changes["content"][1]) == MAX_VALUE


def test_log_contains_no_secret(owner: Client, acme: Organization) -> None:
    new = {"organization": acme.id, "name": "Shop", "scope": "read"}
    owner.post("/admin/organizations/apikey/add/", new)
    key = ApiKey.objects.get()
    owner.post(
        "/admin/organizations/invitation/add/",
        {"organization": acme.id, "email": "x@example.com", "role": "admin"},
    )
    invitation = acme.invitations.get()
    data = {"action": "revoke", "_selected_action": [str(key.pk)]}
    owner.post("/admin/organizations/apikey/", data)
    assert list(last().changes) == ["revoked_at"]
    day = f"{timezone.now():%Y-%m-%d}"
    assert f"revoked at: – → {day}" in page_of(owner)
    written = str(list(AuditEntry.objects.values()))
    assert "x@example.com" in written
    for secret in (key.digest, invitation.digest, "lqi_", PASSWORD):
        assert secret not in written


def test_visitors_and_contacts_are_not_recorded(owner: Client, acme: Organization) -> None:
    contact = Contact.objects.create(organization=acme, name="Jane Roe", email="jane@example.com")
    session, _ = create_widget_session(widget=make_widget(acme))
    before = AuditEntry.objects.count()
    append_message(session, role="user", content="I am Jane Roe")
    owner.post(f"/admin/contacts/contact/{contact.pk}/change/", {"name": "Jane Roe-Smith"})
    erase_contact(contact_id=contact.pk, requested_by="alice")
    assert AuditEntry.objects.count() == before
    assert "Jane" not in str(list(AuditEntry.objects.values()))


def test_lockout_is_recorded_once(owner: Client, bob: User) -> None:
    for _ in range(7):
        Client().post("/admin/login/", {"username": "bob@example.com", "password": "x"})
    [entry] = AuditEntry.objects.filter(changes__has_key="sign-in")
    assert entry.object_repr.startswith("bob@example.com")
    assert "paused after wrong passwords" in page_of(owner)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_only_owners_see_the_log(owner: Client, bob: User, charlie: User, role: Role) -> None:
    Membership.objects.filter(user=bob).update(role=role)
    entry = AuditEntry.objects.filter(organization__name="Acme")[0]
    other = Client()
    other.force_login(bob)
    assert other.get(LIST).status_code == 403
    assert other.get(f"{LIST}{entry.pk}/change/").status_code in {302, 403}
    other.force_login(charlie)
    assert "bob@example.com" not in page_of(other)
    assert other.get(f"{LIST}{entry.pk}/change/").status_code == 302


def test_log_is_read_only(owner: Client, alice: User) -> None:
    entry = last()
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="x"))
    for browser in (owner, root):
        browser.post(f"{LIST}{entry.pk}/change/", {"actor_name": "Nobody"})
        assert browser.post(f"{LIST}add/", {}).status_code == 403
    assert owner.post(f"{LIST}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    entry.refresh_from_db()
    assert entry.actor_name != "Nobody"


def test_log_can_be_searched_and_filtered(owner: Client, acme: Organization, bob: User) -> None:
    make_widget(acme, name="Shop", agent=make_agent(acme, name="Helper"))
    bobs = Membership.objects.get(user=bob)
    owner.post(f"/admin/organizations/membership/{bobs.pk}/change/", {"role": "admin"})
    kind = last().content_type_id
    for query, there, not_there in (
        ("?q=helper", "Helper", "role: Viewer"),
        ("?q=alice%40example.com", "role: Viewer", "Assistant Helper"),
        (f"?kind={kind}", "bob@example.com", "Assistant Helper"),
        ("?what=1", "role: Viewer", "Assistant Helper created"),
        ("?actor_name=The+server", "Assistant Helper", "role: Viewer"),
        ("?timestamp__gte=2999-01-01+00%3A00%2B00%3A00", "0 changes", "Assistant Helper"),
    ):
        found = page_of(owner, query)
        body = found[found.index('id="changelist-form"') :]
        assert not_there not in body, query
        assert there in body, query
    for query in ("?kind=x", "?what=x", "?kind=99999999999999999999"):
        assert owner.get(f"{LIST}{query}").status_code in {200, 302}


@pytest.mark.costly
def test_list_query_count_is_constant(owner: Client, acme: Organization) -> None:
    make_agent(acme)
    page_of(owner)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page_of(owner)
    for number in range(30):
        make_agent(acme, name=f"Agent of many {number}")
    with CaptureQueriesContext(connection) as many:
        page_of(owner)
    assert len(many) == len(few)


def test_old_entries_are_pruned(acme: Organization, capsys: pytest.CaptureFixture[str]) -> None:
    AuditEntry.objects.update(timestamp=timezone.now() - timedelta(days=365, hours=1))
    create_api_key(organization=acme, name="New")
    call_command("prune")
    assert "1 lines of the audit log" in capsys.readouterr().out
    assert [entry.object_repr[:3] for entry in AuditEntry.objects.all()] == ["New"]


def test_deleting_an_organization_deletes_its_log(acme: Organization, globex: Organization) -> None:
    make_agent(acme)
    acme.delete()
    assert set(AuditEntry.objects.values_list("object_repr", flat=True)) == {"Globex"}
