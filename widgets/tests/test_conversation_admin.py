"""Conversations in the admin: to read, to delete, and to apply what a visitor typed."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.contact_resolution import submit_contact_info
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

LIST = "/admin/widgets/widgetsession/"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def jane(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")


@pytest.fixture
def session(acme: Organization, jane: Contact) -> WidgetSession:
    widget = make_widget(acme, contact_info_mode="optional", collect_name=True, collect_email=True)
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content=f"Hello {EVIL}")
    append_message(session, role="assistant", content="Good day", status="stopped")
    submit_contact_info(
        session_id=session.id, name="Jane Doe", email="jane@example.com", phone=None
    )
    return session


@pytest.mark.parametrize("who", ["alice", "bob", "root"])
def test_all_members_can_read(
    client: Client, alice: User, bob: User, session: WidgetSession, who: str
) -> None:
    root = User.objects.create_superuser("root")
    client.force_login({"alice": alice, "bob": bob, "root": root}[who])
    page = client.get(f"{LIST}{session.id}/change/").content.decode()
    for text in (
        "Hello &lt;script&gt;",
        "Good day",
        "<td>Jane Doe</td>",
        'href="mailto:jane@example.com"',
    ):
        assert text in page
    assert EVIL not in page
    # What the visitor entered is shown only if it differs from the contact.
    assert "<td>jane@example.com</td>" not in page
    assert 'name="_save"' not in page
    listed = client.get(LIST, {"q": "Good"}).content.decode()
    assert ">Jane</a>" in listed
    # Viewers have no actions, and so nothing to select.
    assert ('aria-label="Select Jane"' in listed) == (who != "bob")


@pytest.mark.parametrize("who", ["alice", "bob", "root"])
def test_conversations_cannot_be_edited(
    client: Client, alice: User, bob: User, session: WidgetSession, who: str
) -> None:
    root = User.objects.create_superuser("root")
    client.force_login({"alice": alice, "bob": bob, "root": root}[who])
    before = list(WidgetMessage.objects.values())
    data = {
        "messages-TOTAL_FORMS": 1, "messages-INITIAL_FORMS": 1, "messages-0-content": "Changed",
        "messages-0-id": str(before[0]["id"]), "messages-0-DELETE": "on",
    }  # fmt: skip
    assert client.post(f"{LIST}{session.id}/change/", data).status_code == 403
    assert client.post(f"{LIST}add/", data).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert list(WidgetMessage.objects.values()) == before


def test_owner_can_delete(client: Client, alice: User, session: WidgetSession) -> None:
    client.force_login(alice)
    assert client.post(f"{LIST}{session.id}/delete/", {"post": "yes"}).status_code == 302
    assert WidgetMessage.objects.count() == WidgetSession.objects.count() == 0
    assert Contact.objects.count() == 1


def test_several_are_deleted_together(client: Client, alice: User, session: WidgetSession) -> None:
    client.force_login(alice)
    data = {"action": "delete_selected", "_selected_action": [str(session.id)], "post": "yes"}
    assert client.post(LIST, data).status_code == 302
    assert WidgetSession.objects.count() == 0


def test_viewer_cannot_delete(client: Client, bob: User, session: WidgetSession) -> None:
    client.force_login(bob)
    assert client.post(f"{LIST}{session.id}/delete/", {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(session.id)], "post": "yes"}
    client.post(LIST, data)
    assert WidgetSession.objects.count() == 1


def test_owner_can_apply_a_claim(
    client: Client, alice: User, session: WidgetSession, jane: Contact
) -> None:
    client.force_login(alice)
    data = {"action": "apply_claim", "_selected_action": [str(session.id)]}
    page = client.post(LIST, data, follow=True).content.decode()
    assert "Jane: the details were applied to the contact." in page
    jane.refresh_from_db()
    assert (jane.name, jane.email) == ("Jane Doe", "jane@example.com")


def test_refused_claim_shows_the_reason(
    client: Client, alice: User, acme: Organization, session: WidgetSession, jane: Contact
) -> None:
    Contact.objects.create(organization=acme, email="taken@example.com")
    WidgetSession.objects.update(contact_claim={"email": "taken@example.com"})
    client.force_login(alice)
    data = {"action": "apply_claim", "_selected_action": [str(session.id)]}
    body = client.post(LIST, data, follow=True).content.decode()
    assert "Another contact has this email." in body
    assert "the details were applied" not in body
    jane.refresh_from_db()
    assert jane.email == "jane@example.com"


def test_claim_is_applied_beside_the_transcript(
    client: Client, alice: User, session: WidgetSession, jane: Contact
) -> None:
    client.force_login(alice)
    page = f"{LIST}{session.id}/change/"
    assert "Apply to the contact" in client.get(page).content.decode()
    assert client.get(f"{LIST}{session.id}/apply/").status_code == 405
    assert client.post(f"{LIST}{session.id}/apply/")["Location"] == page
    jane.refresh_from_db()
    assert jane.name == "Jane Doe"
    assert "Apply to the contact" not in client.get(page).content.decode()


def test_viewer_cannot_apply_a_claim(
    client: Client, bob: User, session: WidgetSession, jane: Contact
) -> None:
    client.force_login(bob)
    assert "apply_claim" not in client.get(LIST).content.decode()
    assert "Apply to" not in client.get(f"{LIST}{session.id}/change/").content.decode()
    assert client.post(f"{LIST}{session.id}/apply/").status_code == 404
    client.post(LIST, {"action": "apply_claim", "_selected_action": [str(session.id)]})
    jane.refresh_from_db()
    assert jane.name == "Jane"


def test_transcript_has_a_divider_per_day_and_names_a_page_once(
    client: Client, alice: User, acme: Organization
) -> None:
    Organization.objects.update(timezone="Pacific/Auckland")
    session, _ = create_widget_session(widget=make_widget(acme))
    # In Auckland, the second is on the next day.
    moments = ("2026-06-01T11:00", "2026-06-01T12:30", "2026-06-01T13:00", "2026-06-03T02:00")
    pages = ("https://a.example/one", "https://a.example/two", "https://a.example/two", "")
    for moment, page in zip(moments, pages, strict=True):
        message = append_message(session, role="user", content=moment, page_url=page)
        WidgetMessage.objects.filter(id=message.id).update(created_at=f"{moment}+00:00")
    client.force_login(alice)
    days = ["Monday, 1 June 2026", "Tuesday, 2 June 2026", "Wednesday, 3 June 2026"]
    page = client.get(f"{LIST}{session.id}/change/").content.decode()
    assert [page.count(day) for day in days] == [1, 1, 1]
    assert [page.count(f">https://a.example/{name}</a>") for name in ("one", "two")] == [1, 1]
    assert ">01:00</time>" in page
    # Lines that are loaded later continue from those before.
    later = client.get(f"{LIST}{session.id}/messages/?after=2").content.decode()
    assert [later.count(day) for day in days] == [0, 0, 1]
    assert "https://a.example/two" not in later
