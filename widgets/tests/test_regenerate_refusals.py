"""Who may not have the latest answer written anew, and what that costs: nothing."""

import asyncio
import uuid
from dataclasses import replace

import pytest
from django.utils import timezone
from pytest_django import Settings

from contacts.tests.parallel import in_parallel
from loquent.agents.models import DailyTokenUsage
from loquent.db.threads import in_database
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from widgets.models import (
    WidgetConfig,
    WidgetDailyUsage,
    WidgetMessage,
    WidgetSession,
    WidgetTurn,
)
from widgets.services.sessions import create_widget_session
from widgets.services.turns.regenerate import regenerate_answer
from widgets.tests.regenerating import answered, ask, contents, regenerate

pytestmark = pytest.mark.usefixtures("noon")
FIRST = [(1, "Hi", "complete"), (2, "First.", "complete")]


async def used() -> int:
    return int(await in_database(WidgetDailyUsage.objects.values_list("messages", flat=True).get))


async def test_only_the_latest_answer_can_be_regenerated(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    other, theirs = await answered(visit, widget, scripted)
    (await ask(socket, scripted, "More?")).end("Enough.")
    frames = await socket.until("typing_stop")
    question, latest = frames[0], frames[-2]
    for message_id in (first["id"], question["id"], theirs["id"], "nonsense", str(uuid.uuid4())):
        await regenerate(socket, message_id)
        refused = await socket.receive()
        assert (refused["type"], refused["code"]) == ("error", "forbidden")
        assert "client_message_id" not in refused
        assert "latest answer" in refused["message"]
    await regenerate(socket, latest["id"])
    assert (await socket.receive())["type"] == "typing_start"
    assert await other.drained() == []
    assert await used() == 4


async def test_empty_conversation_cannot_be_regenerated(
    visit: Visits, widget: WidgetConfig
) -> None:
    socket = await visit.opened(widget)
    await regenerate(socket, str(uuid.uuid4()))
    assert (await socket.receive())["code"] == "forbidden"


async def test_regeneration_during_an_answer_is_refused(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    answer = await ask(socket, scripted, "More?")
    await socket.until("typing_start")
    await regenerate(socket, first["id"])
    assert (await socket.receive())["code"] == "busy"
    answer.end("Yes.")
    await socket.until("typing_stop")
    await regenerate(socket, first["id"])
    assert (await socket.receive())["code"] == "forbidden"


async def test_double_click_and_two_tabs_regenerate_once(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab = await visit.opened(widget, token=socket.token)
    await tab.receive()
    for each in (socket, tab, socket, tab):
        await regenerate(each, first["id"])
    answer = await scripted.asked()
    refused = [f for each in (socket, tab) for f in await each.drained() if f["type"] == "error"]
    assert [frame["code"] for frame in refused] == ["busy"] * 3
    answer.end("Second.")
    for each in (socket, tab):
        await each.until("typing_stop")
    await regenerate(tab, first["id"])
    assert (await tab.receive())["code"] == "forbidden"
    assert not scripted.is_asked
    assert len(scripted.requests) == 2
    assert await used() == 2


@pytest.mark.promise(9)
async def test_regeneration_respects_the_daily_cap(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    await in_database(WidgetConfig.objects.update, daily_message_cap=2)
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    second = (await socket.until("typing_stop"))[-2]
    await regenerate(socket, second["id"])
    refused = await socket.receive()
    assert refused["code"] == "daily_cap_reached"
    assert refused["retry_after"] > 0
    assert await contents() == [FIRST[0], (2, "Second.", "complete")]
    assert not await in_database(WidgetTurn.objects.exists)


async def test_regeneration_respects_the_message_rates(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    # A token comes back in a minute: later than the slowest machine is done with two.
    settings.LIMITS = replace(settings.LIMITS, messages_burst=2, messages_per_minute=1)
    socket, first = await answered(visit, widget, scripted)
    # Whatever is refused for another reason takes nothing.
    for _ in range(3):
        await regenerate(socket, "nonsense")
        assert (await socket.receive())["code"] == "forbidden"
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    second = (await socket.until("typing_stop"))[-2]
    await regenerate(socket, second["id"])
    assert (await socket.receive())["code"] == "rate_limited"
    assert await used() == 2


async def test_newly_required_form_blocks_regeneration(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await in_database(WidgetConfig.objects.update, contact_info_mode="required", collect_name=True)
    await regenerate(socket, first["id"])
    assert (await socket.receive())["code"] == "contact_info_required"


async def test_exhausted_budget_keeps_the_earlier_answer_and_its_usage(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    await in_database(Organization.objects.update, daily_token_budget=2_000)
    socket = await visit.opened(widget)
    (await ask(socket, scripted)).end("First.", input_tokens=400, output_tokens=100)
    latest = (await socket.until("typing_stop"))[-2]
    await regenerate(socket, latest["id"])
    (await scripted.asked()).end("Second.", input_tokens=400, output_tokens=200)
    latest = (await socket.until("typing_stop"))[-2]
    assert (await in_database(DailyTokenUsage.objects.get)).used == 1_100
    await regenerate(socket, latest["id"])
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["typing_start", "error", "typing_stop"]
    assert frames[1]["code"] == "agent_unavailable"
    # The team has the conversation once the budget is used up.
    notice = (await socket.until("message"))[-1]
    assert notice["kind"] == "notice"
    assert await contents() == [
        FIRST[0],
        (2, "Second.", "complete"),
        (3, notice["content"], "complete"),
    ]
    assert (await in_database(DailyTokenUsage.objects.get)).used == 1_100


async def test_base_socket_cannot_regenerate(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    base = await visit.opened(widget, v2=False)
    await regenerate(base, str(uuid.uuid4()))
    assert (await base.receive())["code"] == "unsupported_frame"


def make_conversation(widget: WidgetConfig) -> tuple[WidgetSession, WidgetMessage]:
    session = create_widget_session(widget=widget)[0]
    WidgetSession.objects.filter(id=session.id).update(last_seq=2)
    rows = {"session": session, "created_at": timezone.now()}
    question = WidgetMessage.objects.create(**rows, seq=1, role="user", content="Hi")
    answer = WidgetMessage.objects.create(
        **rows, seq=2, role="assistant", content="First.", reply_to=question
    )
    return session, answer


def test_one_of_concurrent_regenerations_is_accepted(
    widget: WidgetConfig, settings: Settings
) -> None:
    # Else the rates may refuse the first that comes to the row.
    settings.RATE_LIMITS = False
    session, answer = make_conversation(widget)

    def again(_: int) -> str:
        return regenerate_answer(session_id=session.id, message_id=str(answer.id), ip="192.0.2.1")

    outcomes = in_parallel(again, range(12))
    refused = [error for error in outcomes if isinstance(error, ApplicationError)]
    assert [error.code for error in refused] == [ErrorCode.BUSY] * 11
    assert WidgetTurn.objects.count() == 1
    assert list(WidgetDailyUsage.objects.values_list("messages", flat=True)) == [1]


def test_cap_is_exact_across_concurrent_conversations(widget: WidgetConfig) -> None:
    WidgetConfig.objects.update(daily_message_cap=5)
    conversations = [make_conversation(widget) for _ in range(12)]

    def again(number: int) -> str:
        session, answer = conversations[number]
        return regenerate_answer(session_id=session.id, message_id=str(answer.id), ip="192.0.2.1")

    outcomes = in_parallel(again, range(12))
    refused = [error for error in outcomes if isinstance(error, ApplicationError)]
    assert [error.code for error in refused] == [ErrorCode.DAILY_CAP_REACHED] * 7
    assert WidgetTurn.objects.count() == 5


async def test_foreign_session_cannot_be_regenerated(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    _, first = await answered(visit, widget, scripted)
    stranger = await visit.opened(widget)
    await asyncio.gather(*(regenerate(stranger, first["id"]) for _ in range(3)))
    assert [f["code"] for f in await stranger.drained()] == ["forbidden"] * 3
    assert await contents() == FIRST
