"""The list of conversations: what stands in it, its words and filters, and its files."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import make_widget
from widgets.admin.conversation_export import COLUMNS
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

LIST = "/admin/widgets/widgetsession/"


def make_conversation(organization: Organization, *lines: str, **fields: Any) -> WidgetSession:
    """A visitor says the first line, the agent the second, and so on."""
    widget = fields.pop("widget", None) or make_widget(organization, name="Shop")
    status = fields.pop("status", "complete")
    session, _ = create_widget_session(widget=widget)
    for number, line in enumerate(lines):
        if number % 2:
            append_message(session, role="assistant", content=line, status=status)
        else:
            append_message(session, role="user", content=line)
    WidgetSession.objects.filter(id=session.id).update(**fields)
    session.refresh_from_db()
    return session


@pytest.fixture
def conversations(acme: Organization, globex: Organization) -> dict[str, WidgetSession]:
    jane = Contact.objects.create(
        organization=acme, name="Jane", email="jane@example.com", phone="+41791234567"
    )
    made = {
        "jane": make_conversation(acme, "Is the Gurten waterproof?", "It is.", contact=jane),
        "failed": make_conversation(acme, "Where is my parcel?", "Let me", status="failed"),
        "claim": make_conversation(acme, "Grüezi", contact_claim={"name": "Max Muster"}),
        "page": make_conversation(acme, "Hi", page_url="https://shop.example.com/bags?size=32"),
        "empty": make_conversation(acme),
        "theirs": make_conversation(globex, "Is the Gurten waterproof?", "No."),
    }
    answers = WidgetMessage.objects.filter(role="assistant")
    answers.filter(session=made["jane"]).update(rating="down", rating_comment="Wrong")
    answers.filter(session=made["failed"]).update(rating="up")
    return made


def listed(client: Client, query: str = "") -> set[str]:
    """The ids in the list."""
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 200
    return {str(session.pk) for session in response.context["cl"].result_list}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "jane failed claim page"),
        ("q=gurten", "jane"),
        ("q=WATERPROOF+gurten", "jane"),
        ("q=gurten+parcel", ""),
        ("q=jane%40example", "jane"),
        ("q=muster", "claim"),
        ("q=grüezi", "claim"),
        ("q=size%3D32", "page"),
        ("q=gruezi", "claim"),
        ("q=Muster+max", "claim"),
        ("q=jané", "jane"),
        ("q=079+123+45+67", "jane"),
        ("q=0791234567", "jane"),
        ("q=%2B41791234567", "jane"),
        ("q=0041+79+1234567", "jane"),
        ("q=079123", "jane"),
        ("q=jane+079+123", "jane"),
        ("q=079+124", ""),
        ("q=100%25", ""),
        ("answer=failed", "failed"),
        ("answer=answered", "jane"),
        ("feedback=any", "jane failed"),
        ("feedback=down", "jane"),
        ("feedback=up", "failed"),
        ("feedback=comment", "jane"),
        ("known=yes", "jane"),
        ("known=no", "failed claim page"),
        ("days=7", "jane failed claim page"),
        ("answer=answered&q=parcel", ""),
    ],
)
def test_search_and_filters_select_conversations(
    client: Client, bob: User, conversations: dict[str, WidgetSession], query: str, names: str
) -> None:
    client.force_login(bob)
    assert listed(client, query) == {str(conversations[name].pk) for name in names.split()}


def test_search_shows_and_marks_where_it_found_the_conversation(
    client: Client, bob: User, acme: Organization, conversations: dict[str, WidgetSession]
) -> None:
    client.force_login(bob)
    make_conversation(acme, "Bonjour", "Oui.", "Où est le café <b> à Zürich ?", "Là.")
    page = client.get(f"{LIST}?q=zurich+cafe").content.decode()
    assert "<mark>café</mark> &lt;b&gt; à <mark>Zürich</mark> ?" in page
    # Found by what is known of the visitor.
    page = client.get(f"{LIST}?q=example.com%20jane").content.decode()
    assert "<mark>jane</mark>@<mark>example.com</mark>" in page


def test_widget_filter_is_a_select(
    client: Client, bob: User, acme: Organization, globex: Organization,
    conversations: dict[str, WidgetSession],
) -> None:  # fmt: skip
    client.force_login(bob)
    jane = conversations["jane"]
    other = make_widget(acme, name="Other <b>")
    theirs = make_widget(globex, name="Theirs")
    assert listed(client, f"widget={jane.widget_id}&q=gurten") == {str(jane.pk)}
    assert listed(client, f"widget={other.pk}") == set()
    for unknown in (theirs.pk, "x", "\x00"):
        assert listed(client, f"widget={unknown}") == listed(client, "")
    page = client.get(LIST, {"widget": str(jane.widget_id), "q": "a&b", "days": "7"})
    body = page.content.decode()
    assert f'<option value="{jane.widget_id}" selected>' in body
    assert "Other &lt;b&gt;</option>" in body
    assert "Theirs" not in body
    # Search and other filters stay.
    assert '<input type="hidden" name="q" value="a&amp;b">' in body
    assert '<input type="hidden" name="days" value="7">' in body


@pytest.mark.costly
def test_language_and_page_filters_keep_the_search(
    client: Client, bob: User, conversations: dict[str, WidgetSession]
) -> None:
    client.force_login(bob)
    WidgetSession.objects.filter(pk=conversations["jane"].pk).update(language="de")
    assert listed(client, "lang=de") == {str(conversations["jane"].pk)}
    for address in ("/BAGS", "shop.example.com", "%20bags?size=32%20"):
        assert listed(client, f"on={address}") == {str(conversations["page"].pk)}
    assert listed(client, "lang=de&on=bags") == set()
    for harmless in ("lang=x", "lang=%00", "on=", "on=%20"):
        assert listed(client, harmless) == listed(client, "")
    assert listed(client, "on=%00bags") == {str(conversations["page"].pk)}
    page = client.get(LIST, {"lang": "de", "on": '"<b>', "q": "a&b"})
    body = page.content.decode()
    assert '<option value="de" selected>German</option>' in body
    assert 'name="on" value="&quot;&lt;b&gt;"' in body
    assert body.count('<input type="hidden" name="q" value="a&amp;b">') >= 2
    labels = [chip["label"] for chip in page.context["lq_chips"]]
    assert labels == ["Language: German", 'Page: “"<b>”']


@pytest.mark.parametrize("handler", ["team", "agent"])
def test_waiting_visitor_is_not_shown_as_answered(
    client: Client, bob: User, acme: Organization, handler: str
) -> None:
    """Out of hours the assistant goes on answering, and the visitor still waits."""
    client.force_login(bob)
    made = make_conversation(
        acme, "A person, please", "Yes.", outcome="answered", handler=handler,
        follow_up=handler == "agent", waiting_since=timezone.now(),
    )  # fmt: skip
    row = client.get(LIST).content.decode()
    assert "Waiting for a person" in row
    assert 'lq-good">Answered' not in row
    WidgetSession.objects.filter(pk=made.pk).update(follow_up=False, waiting_since=None)
    assert 'lq-good">Answered' in client.get(LIST).content.decode()


def test_row_shows_visitor_widget_and_state(
    client: Client, bob: User, conversations: dict[str, WidgetSession]
) -> None:
    client.force_login(bob)
    page = client.get(LIST).content.decode()
    number = conversations["page"].id.hex[:4]
    for text in (">Jane</a>", ">Max Muster</a>", f">Visitor {number}</a>",
                 "Is the Gurten waterproof?", "Failed", "shop.example.com/bags?size=32",
                 'aria-label="Thumbs down"'):  # fmt: skip
        assert text in page
    assert "No.</td>" not in page
    assert "It is." not in page


@pytest.mark.costly
def test_list_query_count_is_constant(
    client: Client, bob: User, acme: Organization, conversations: dict[str, WidgetSession]
) -> None:
    client.force_login(bob)
    counts = []
    for _ in range(2):
        for query in ("", "q=gurten", "feedback=any"):
            client.get(f"{LIST}?{query}")
            with CaptureQueriesContext(connection) as queries:
                client.get(f"{LIST}?{query}")
            counts.append(len(queries))
        for number in range(5):
            made = make_conversation(acme, f"Gurten {number}?", "Yes.")
            made.messages.filter(role="assistant").update(rating="up")
    assert counts[:3] == counts[3:]
    assert max(counts) <= 22


@pytest.mark.parametrize("kind", ["text", "json"])
def test_one_conversation_can_be_downloaded(
    client: Client, bob: User, conversations: dict[str, WidgetSession], kind: str
) -> None:
    client.force_login(bob)
    response = client.get(f"{LIST}{conversations['jane'].id}/export/?format={kind}")
    assert response["Content-Disposition"].startswith('attachment; filename="conversation-')
    assert "no-store" in response["Cache-Control"]
    body = response.content.decode()
    if kind == "json":
        record = json.loads(body)
        assert [m["content"] for m in record["messages"]] == ["Is the Gurten waterproof?", "It is."]
        assert record["messages"][1]["rating_comment"] == "Wrong"
        assert record["contact"]["email"] == "jane@example.com"
    else:
        assert "Jane:\n  Is the Gurten waterproof?" in body
        assert "Thumbs down: Wrong" in body


def test_unknown_formats_and_foreign_users_get_404(
    client: Client, alice: User, charlie: User, conversations: dict[str, WidgetSession]
) -> None:
    client.force_login(alice)
    address = f"{LIST}{conversations['jane'].id}/export/"
    assert client.get(f"{address}?format=exe").status_code == 404
    assert client.get(f"{LIST}export/?format=exe").status_code == 404
    client.force_login(charlie)
    assert client.get(address).status_code == 404
    assert client.get(f"{LIST}{conversations['jane'].id}/messages/").status_code == 404


@pytest.mark.parametrize("kind", ["text", "json", "csv"])
async def test_filtered_list_can_be_downloaded(
    async_client: AsyncClient,
    transactional_db: None,
    alice: User,
    conversations: dict[str, WidgetSession],
    kind: str,
) -> None:
    await in_database(async_client.force_login, alice)
    response = await async_client.get(f"{LIST}export/?known=no&format={kind}")
    body = b"".join([part async for part in response]).decode()  # type: ignore[attr-defined]
    assert "Gurten" not in body
    if kind == "json":
        records = json.loads(body)
        assert {r["id"] for r in records} == {
            str(conversations[name].id) for name in ("failed", "claim", "page")
        }
        assert {r["last_answer"] for r in records} == {"failed", None}
    elif kind == "csv":
        assert body.startswith("\ufeffConversation,Widget,")
        rows = list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))
        assert body.count("Conversation,Widget") == 1
        texts = [row["Message"] for row in rows]
        assert "Where is my parcel?" in texts
        assert {row["Name"] for row in rows} == {"", "Max Muster"}
    else:
        for text in ("Where is my parcel?", "Grüezi", "Typed name: Max Muster"):
            assert text in body


async def test_download_contains_only_the_current_organization(
    async_client: AsyncClient,
    transactional_db: None,
    alice: User,
    globex: Organization,
    conversations: dict[str, WidgetSession],
) -> None:
    membership = Membership(organization=globex, user=alice, role=Role.VIEWER)
    await in_database(membership.save)
    await in_database(async_client.force_login, alice)
    response = await async_client.get(f"{LIST}export/?q=gurten&format=json")
    body = b"".join([part async for part in response]).decode()  # type: ignore[attr-defined]
    assert [record["id"] for record in json.loads(body)] == [str(conversations["jane"].id)]


def test_viewer_can_download_one_conversation_but_not_all(
    client: Client, alice: User, bob: User, conversations: dict[str, WidgetSession]
) -> None:
    client.force_login(bob)
    assert f"{LIST}export/" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}export/?format=json").status_code == 403
    assert client.get(f"{LIST}{conversations['jane'].id}/export/").status_code == 200
    client.force_login(alice)
    assert (
        f"{LIST}export/?q=parcel&amp;format=json" in client.get(f"{LIST}?q=parcel").content.decode()
    )


async def test_empty_list_downloads_an_empty_file(
    async_client: AsyncClient, transactional_db: None, alice: User
) -> None:
    await in_database(async_client.force_login, alice)
    for kind, expected in (("json", []), ("text", ""), ("csv", f"\ufeff{','.join(COLUMNS)}\r\n")):
        response = await async_client.get(f"{LIST}export/?format={kind}")
        body = b"".join([part async for part in response]).decode()  # type: ignore[attr-defined]
        assert (json.loads(body) if kind == "json" else body) == expected


@pytest.mark.parametrize("query", ["contact__id__exact=foo", "nope=1"])
def test_invalid_parameters_redirect_to_the_list(
    client: Client, alice: User, conversations: dict[str, WidgetSession], query: str
) -> None:
    client.force_login(alice)
    for path in (LIST, f"{LIST}export/"):
        response = client.get(f"{path}?{query}")
        assert response.status_code == 302
        assert response["Location"].split("?")[0] == LIST


@pytest.mark.parametrize("after", ["9" * 5_000, "9" * 11, "-1", "²", "x", ""])
def test_invalid_after_parameter_returns_all_messages(
    client: Client, bob: User, conversations: dict[str, WidgetSession], after: str
) -> None:
    client.force_login(bob)
    path = f"{LIST}{conversations['jane'].id}/messages/"
    body = client.get(path, {"after": after}).content.decode()
    assert "Is the Gurten waterproof?" in body
    assert "waterproof?" not in client.get(path, {"after": "1"}).content.decode()


def test_csv_has_a_safe_row_per_message_in_the_organizations_time(
    client: Client, alice: User, acme: Organization
) -> None:
    Organization.objects.update(timezone="Europe/Zurich")
    session, _ = create_widget_session(widget=make_widget(acme, name="Shop"))
    asked = append_message(session, role="user", content='=1+1\n"two"')
    append_message(
        session, role="assistant", content="No.", outcome="no_answer", reply_to=asked,
        rating="down", rating_comment="+bad",
    )  # fmt: skip
    WidgetMessage.objects.update(created_at="2026-07-01T10:00:00+00:00")
    client.force_login(alice)
    response = client.get(f"{LIST}{session.id}/export/?format=csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].endswith('.csv"')
    text = response.content.decode().removeprefix("\ufeff")
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert (first["Time"], first["From"], first["Widget"]) == (
        "2026-07-01 12:00:00",
        "Visitor",
        "Shop",
    )
    assert first["Message"] == '\'=1+1\n"two"'
    assert (second["From"], second["Outcome"]) == ("Assistant", "no_answer")
    assert (second["Thumbs"], second["Comment"]) == ("down", "'+bad")
