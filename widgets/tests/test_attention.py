"""Which conversations need staff, as they are written, and until somebody marks them as done."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.agents.types import ReplyOutcome
from loquent.db.threads import in_database
from loquent.organizations.models import Organization, Role
from loquent.testing.people import make_member
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.attention import mark_as_done
from widgets.services.feedback import save_feedback
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

LIST = "/admin/widgets/widgetsession/"


async def reasons() -> list[str]:
    return await in_database(
        lambda: [reason.value for reason in WidgetSession.objects.get().reasons]
    )


@pytest.mark.parametrize(
    ("message", "outcome", "expected"),
    [
        ("Do you ship?", "answered", []),
        ("Do you ship?", "no_answer", ["no_answer"]),
        ("Do you ship?", "refused", []),
        ("Can I talk to a human?", "answered", ["asked_for_person"]),
        ("The loaf was mouldy", "answered", ["unhappy"]),
        ("I'm at jane@example.com", "answered", []),
        ("I'm at jane@example.com", "no_answer", ["left_details", "no_answer"]),
        ("I'm at jane@example.com", "refused", ["left_details"]),
        (
            "Mouldy! Call me back: 079 123 45 67",
            "no_answer",
            ["asked_for_person", "unhappy", "left_details", "no_answer"],
        ),
    ],
)
async def test_message_and_answer_decide_the_reasons(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    message: str,
    outcome: ReplyOutcome,
    expected: list[str],
) -> None:
    socket = await visit.opened(widget)
    await socket.say(message)
    (await scripted.asked()).end("Hm.", outcome=outcome)
    await socket.until("typing_stop")
    assert await reasons() == expected


async def test_failed_turn_is_a_reason_until_the_next_answer(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi?")
    (await scripted.asked()).fail()
    await socket.until("typing_stop")
    assert await reasons() == ["failed"]
    await socket.say("Hi again?")
    (await scripted.asked()).end("Hello.")
    await socket.until("typing_stop")
    assert await reasons() == []


async def test_second_missing_answer_stays_a_reason(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    asked: list[tuple[ReplyOutcome, list[str]]] = [
        ("no_answer", ["no_answer"]),
        ("answered", []),
        ("no_answer", ["no_answer"]),
        ("answered", ["no_answer"]),
    ]
    for outcome, expected in asked:
        await socket.say("And?")
        (await scripted.asked()).end("Hm.", outcome=outcome)
        await socket.until("typing_stop")
        assert await reasons() == expected


async def test_details_in_the_form_are_a_reason_while_nothing_is_answered(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    await in_database(
        lambda: WidgetConfig.objects.update(contact_info_mode="optional", collect_email=True)
    )
    socket = await visit.opened(widget)
    await socket.send({"type": "contact_info", "email": "jane@example.com"})
    await socket.until("contact_info_saved")
    assert await reasons() == ["left_details"]
    await socket.say("Do you ship?")
    (await scripted.asked()).end("Yes.")
    await socket.until("typing_stop")
    assert await reasons() == []


@pytest.fixture
def session(widget: WidgetConfig) -> WidgetSession:
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content="Do you ship?")
    append_message(session, role="assistant", content="Yes.")
    return session


def test_rating_is_a_reason_until_withdrawn(session: WidgetSession) -> None:
    answer = WidgetMessage.objects.get(role="assistant")

    def rate(rating: str | None) -> list[str]:
        save_feedback(session_id=session.id, message_id=str(answer.id), rating=rating, comment=None)
        return [reason.value for reason in WidgetSession.objects.get().reasons]

    assert rate("down") == ["unhappy"]
    assert rate("up") == []
    assert rate("down") == ["unhappy"]
    assert rate(None) == []
    append_message(session, role="user", content="This is a scam")
    rate("down")
    assert rate(None) == ["unhappy"]


def test_done_conversation_returns_with_a_new_reason(session: WidgetSession) -> None:
    append_message(session, role="user", content="Can I talk to a human?")
    append_message(session, role="assistant", content="Hm.", outcome="no_answer")
    assert mark_as_done(sessions=WidgetSession.objects.all()) == 1
    done = WidgetSession.objects.get()
    assert (done.reasons, done.attention_done_at is None) == ([], False)
    assert mark_as_done(sessions=WidgetSession.objects.all()) == 0
    # One missing answer since then, and it is not the last one.
    append_message(done, role="assistant", content="Hm.", outcome="no_answer")
    append_message(done, role="assistant", content="Yes.")
    assert WidgetSession.objects.get().reasons == []
    append_message(done, role="user", content="I want a refund")
    assert [reason.value for reason in WidgetSession.objects.get().reasons] == ["unhappy"]


@pytest.fixture
def needing(widget: WidgetConfig) -> dict[str, WidgetSession]:
    """A conversation for each reason, and one that needs nobody."""
    made = {}
    for name, question, outcome in (
        ("person", "Can I talk to a human?", "answered"),
        ("unhappy", "I want a refund", "answered"),
        ("details", "I'm at jane@example.com", "refused"),
        ("no_answer", "Do you sell coffee?", "no_answer"),
        ("failed", "Do you ship?", "failed"),
        ("fine", "Are you open on Sunday?", "answered"),
    ):
        session, _ = create_widget_session(widget=widget)
        append_message(session, role="user", content=question)
        append_message(session, role="assistant", content="Hm.", outcome=outcome)
        made[name] = session
    return made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("attention=any", "person unhappy details no_answer failed"),
        ("attention=asked_for_person", "person"),
        ("attention=unhappy", "unhappy"),
        ("attention=left_details", "details"),
        ("attention=no_answer", "no_answer"),
        ("attention=failed", "failed"),
        ("attention=x", "person unhappy details no_answer failed fine"),
        ("", "person unhappy details no_answer failed fine"),
    ],
)
def test_list_filters_by_reason(
    client: Client, alice: User, needing: dict[str, WidgetSession], query: str, names: str
) -> None:
    client.force_login(alice)
    page: Any = client.get(f"{LIST}?{query}")
    found = [row.pk for row in page.context["cl"].result_list]
    assert set(found) == {needing[name].pk for name in names.split()}
    if query == "attention=any":
        # The most urgent reason comes first.
        assert found == [needing[name].pk for name in names.split()]


def test_mark_as_done_empties_the_list_and_the_number(
    client: Client, alice: User, needing: dict[str, WidgetSession]
) -> None:
    client.force_login(alice)
    assert waiting_in_nav(client) == 5
    data = {"action": "mark_done", "_selected_action": [str(needing["person"].pk)]}
    client.post(f"{LIST}?attention=any", data)
    assert waiting_in_nav(client) == 4
    page = client.get(f"{LIST}{needing['unhappy'].pk}/change/").content.decode()
    assert "Mark as done" in page
    done = client.post(f"{LIST}{needing['unhappy'].pk}/done/", follow=True)
    assert done.redirect_chain[-1][0] == f"{LIST}{needing['unhappy'].pk}/change/"
    assert "Mark as done" not in done.content.decode()
    assert waiting_in_nav(client) == 3


def waiting_in_nav(client: Client) -> int:
    page: Any = client.get("/admin/password_change/")
    items = [item for group in page.context["lq_navigation"] for item in group["items"]]
    [inbox] = [item for item in items if item["label"] == "Inbox"]
    return int(inbox["count"])


def test_rest_lists_and_filters_by_need(
    api: Callable[..., APIClient], alice: User, needing: dict[str, WidgetSession]
) -> None:
    client = api(alice)
    rows = client.get("/api/v1/sessions/?needs_attention=true").json()["results"]
    assert {row["id"] for row in rows} == {
        str(session.id) for name, session in needing.items() if name != "fine"
    }
    assert ["unhappy"] in [row["needs_attention"] for row in rows]
    [row] = client.get("/api/v1/sessions/?needs_attention=false").json()["results"]
    assert (row["id"], row["needs_attention"]) == (str(needing["fine"].id), [])


def test_viewer_and_stranger_cannot_mark_as_done(
    client: Client, bob: User, charlie: User, needing: dict[str, WidgetSession]
) -> None:
    path = f"{LIST}{needing['unhappy'].pk}/done/"
    client.force_login(bob)
    assert (
        "Mark as done" not in client.get(f"{LIST}{needing['unhappy'].pk}/change/").content.decode()
    )
    assert client.post(path).status_code == 404
    client.force_login(charlie)
    assert client.post(path).status_code == 404
    assert WidgetSession.objects.filter(attention__gt=15).count() == 5


def test_number_counts_only_the_current_organization(
    client: Client, charlie: User, acme: Organization, needing: dict[str, WidgetSession]
) -> None:
    client.force_login(charlie)
    assert waiting_in_nav(client) == 0
    client.force_login(make_member(acme, "dora", Role.VIEWER))
    assert waiting_in_nav(client) == 5


def test_contact_can_be_reached_from_the_conversation(
    client: Client, bob: User, acme: Organization, session: WidgetSession
) -> None:
    jane = Contact.objects.create(
        organization=acme, name="Jane", email="jane@example.com", phone="+41791234567"
    )
    WidgetSession.objects.update(contact=jane, contact_claim={"email": "jane@example.com"})
    client.force_login(bob)
    page = client.get(f"{LIST}{session.pk}/change/").content.decode()
    assert '<a href="mailto:jane@example.com">' in page
    assert '<a href="tel:+41791234567">' in page
    # What was typed is shown only where it differs from the contact.
    assert "lq-claims" not in page
    WidgetSession.objects.update(contact_claim={"email": "jane@example.org"})
    page = client.get(f"{LIST}{session.pk}/change/").content.decode()
    assert "jane@example.org" in page
    assert "lq-claims" in page
