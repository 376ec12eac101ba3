"""What an answer did for the visitor: on the socket, over REST, in lists and figures."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from loquent.agents.types import ReplyOutcome
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.history import append_message
from widgets.services.overview import count_figures
from widgets.services.sessions import create_widget_session


@pytest.mark.parametrize("outcome", ["answered", "no_answer", "refused"])
async def test_outcome_of_the_backend_reaches_socket_and_rows(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, outcome: ReplyOutcome
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).end("Hello.", outcome=outcome)
    *_, message, _ = await socket.until("typing_stop")
    assert (message["status"], message["outcome"]) == ("complete", outcome)
    assert await kept() == (outcome, outcome)


async def test_stopped_and_failed_answers_say_so(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("Half")
    await socket.until("delta")
    await socket.send({"type": "stop"})
    *_, message, _ = await socket.until("typing_stop")
    assert (message["status"], message["outcome"]) == ("stopped", "stopped")
    await socket.say("And?")
    answer = await scripted.asked()
    answer.say("Half")
    answer.fail()
    frames = await socket.until("typing_stop")
    [message] = [frame for frame in frames if frame["type"] == "message"]
    assert (message["status"], message["outcome"]) == ("failed", "failed")
    assert await kept() == ("failed", "failed")


async def test_turn_without_text_sets_the_outcome_of_the_session_alone(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).fail()
    await socket.until("typing_stop")
    assert await kept() == ("", "failed")


async def kept() -> tuple[str, str]:
    """Return the outcome of the newest message, and that of its session."""

    def read() -> tuple[str, str]:
        message = WidgetMessage.objects.select_related("session").latest("seq")
        return message.outcome, message.session.outcome

    return await in_database(read)


@pytest.fixture
def sessions(acme: Organization, widget: WidgetConfig) -> dict[str, WidgetSession]:
    made = {}
    for outcome in ("answered", "no_answer", "refused"):
        session, _ = create_widget_session(widget=widget)
        append_message(session, role="user", content="Hi")
        append_message(session, role="assistant", content="Hm.", outcome=outcome)
        made[outcome] = session
    return made


def test_rest_lists_and_filters_by_outcome(
    api: Callable[..., APIClient], alice: User, sessions: dict[str, WidgetSession]
) -> None:
    client = api(alice)
    [row] = client.get("/api/v1/sessions/?outcome=no_answer").json()["results"]
    assert (row["id"], row["outcome"]) == (str(sessions["no_answer"].id), "no_answer")
    path = f"/api/v1/sessions/{row['id']}/messages/"
    assert [m["outcome"] for m in client.get(path).json()["results"]] == [None, "no_answer"]
    assert client.get(f"{path}?outcome=answered").json()["results"] == []
    refused = client.get("/api/v1/sessions/?outcome=lovely")
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["outcome"])


def test_staff_see_that_nothing_was_found(
    client: Client, alice: User, sessions: dict[str, WidgetSession]
) -> None:
    client.force_login(alice)
    page: Any = client.get("/admin/widgets/widgetsession/?answer=no_answer")
    assert [row.pk for row in page.context["cl"].result_list] == [sessions["no_answer"].pk]
    badge = '<span class="lq-badge lq-warn">No answer found</span>'
    assert badge in page.content.decode()
    path = f"/admin/widgets/widgetsession/{sessions['no_answer'].pk}/change/"
    assert badge in client.get(path).content.decode()


def test_figures_tell_answers_from_apologies(
    acme: Organization, sessions: dict[str, WidgetSession]
) -> None:
    today = count_figures(organization=acme, now=timezone.now()).today
    assert (today.answered, today.no_answer, today.refused, today.failed) == (1, 1, 1, 0)


async def test_card_is_shown_after_the_second_failure_and_a_wish_for_a_person(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    # Otherwise the team has the conversation after the second failure.
    await in_database(WidgetConfig.objects.update, handoff_enabled=False)
    socket = await visit.opened(widget)
    asked: list[tuple[str, ReplyOutcome, bool]] = [
        ("One?", "no_answer", False),
        ("Two?", "answered", False),
        ("Three?", "no_answer", False),
        ("Four?", "no_answer", True),
        ("Can I talk to a human?", "answered", True),
    ]
    for question, outcome, card in asked:
        await socket.say(question)
        (await scripted.asked()).end("Hm.", outcome=outcome)
        *_, message, _ = await socket.until("typing_stop")
        assert message["card"] is card, question
    again = await visit(widget, token=socket.token)
    *_, history = await again.until("history")
    assert [m["card"] for m in history["messages"] if m["role"] == "assistant"] == [
        card for _, _, card in asked
    ]


async def test_contact_card_opens_the_conversation(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    assert (await (await visit(widget)).receive())["contact_card"] is None
    hours = {"mon": [["09:00", "18:00"]]}

    def describe() -> None:
        Organization.objects.update(phone="+41 44 123 45 67", business_hours=hours)

    await in_database(describe)
    socket = await visit(widget)
    card = {"phone": "+41 44 123 45 67", "email": None, "hours": hours, "address": None}
    assert (await socket.receive())["contact_card"] == card
    await socket.send({"type": "new_conversation"})
    *_, session = await socket.until("session")
    assert session["contact_card"] == card
