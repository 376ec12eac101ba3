"""When the earlier answer stands: a try that fails, is stopped, or dies with its process."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits, kinds
from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.supervisor import supervisor
from widgets.chat.turn_runner import runner
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.turns.handing_over import Outcome
from widgets.tests.one import claim_next_turn, finish_turn
from widgets.tests.regenerating import answered, ask, contents, failed, regenerate

FIRST = [(1, "Hi", "complete"), (2, "First.", "complete")]


@pytest.mark.parametrize("text", ["", "Half"])
async def test_failed_regeneration_keeps_a_complete_answer(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, text: str
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab = await visit.opened(widget, token=socket.token)
    await tab.receive()
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    answer.say(text)
    answer.fail()
    frames = await socket.until("typing_stop")
    written = ["delta"] if text else []
    assert kinds(frames) == ["typing_start", *written, "error", "typing_stop"]
    assert frames[-2]["code"] == "agent_unavailable"
    assert kinds(await tab.until("typing_stop")) == ["typing_start", "typing_stop"]
    assert await contents() == FIRST
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    assert (await socket.until("typing_stop"))[-2]["seq"] == 2


async def test_failed_regeneration_keeps_a_stopped_answer(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    (await ask(socket, scripted)).say("Enough.")
    await socket.until("delta")
    await socket.send({"type": "stop"})
    stopped = (await socket.until("typing_stop"))[-2]
    await regenerate(socket, stopped["id"])
    answer = await scripted.asked()
    answer.say("Half")
    answer.fail()
    await socket.until("typing_stop")
    assert await contents() == [(1, "Hi", "complete"), (2, "Enough.", "stopped")]


async def test_one_failure_replaces_another(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, frames = await failed(visit, widget, scripted, "Well, ")
    await regenerate(socket, frames[3]["id"])
    answer = await scripted.asked()
    answer.say("Then, ")
    answer.fail()
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["typing_start", "delta", "message", "error", "typing_stop"]
    assert (frames[2]["seq"], frames[2]["status"]) == (2, "failed")
    assert await contents() == [(1, "Hi", "complete"), (2, "Then,", "failed")]
    await regenerate(socket, frames[2]["id"])
    (await scripted.asked()).fail()
    assert kinds(await socket.until("typing_stop")) == ["typing_start", "error", "typing_stop"]
    assert await contents() == [(1, "Hi", "complete"), (2, "Then,", "failed")]


@pytest.mark.parametrize("text", ["", "Half."])
async def test_stop_ends_a_regeneration(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, text: str
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    if text:
        answer.say(text)
        await socket.until("delta")
    await socket.send({"type": "stop"})
    frames = await socket.until("typing_stop")
    assert "error" not in kinds(frames)
    assert await contents() == ([*FIRST[:1], (2, text, "stopped")] if text else FIRST)


async def test_new_conversation_ends_a_regeneration(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    await socket.send({"type": "new_conversation"})
    assert kinds(await socket.until("session")) == ["typing_start", "typing_stop", "session"]
    await asyncio.wait_for(answer.closed.wait(), WAIT_SECONDS)
    await regenerate(socket, first["id"])
    assert (await socket.receive())["code"] == "forbidden"


async def test_erasure_during_a_regeneration(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    await in_database(WidgetSession.objects.all().delete)
    answer.end("Too late.")
    assert kinds(await socket.until("typing_stop")) == ["typing_start", "delta", "typing_stop"]
    assert await contents() == []


# --- the process dies ---


async def die(socket: VisitorSocket, scripted: ScriptedBackend) -> None:
    """The turn's process is gone: nobody is at the turn, and its lease has run out."""
    await scripted.asked()
    await socket.until("typing_start")
    await runner.end_all(0)
    await in_database(WidgetTurn.objects.update, lease_until=timezone.now() - timedelta(seconds=1))


async def test_regeneration_is_rerun_after_one_crash(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    await die(socket, scripted)
    await supervisor.keep_turns()
    answer = await scripted.asked()
    assert [m.content for m in answer.request.messages] == ["Hi"]
    answer.end("Second.")
    frames = await socket.until("message")
    assert kinds(frames)[:2] == ["typing_stop", "typing_start"]
    assert frames[-1]["seq"] == 2
    assert await contents() == [(1, "Hi", "complete"), (2, "Second.", "complete")]


@pytest.mark.parametrize("status", ["complete", "failed"])
async def test_earlier_answer_is_kept_after_two_crashes(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, status: str
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await in_database(WidgetMessage.objects.filter(seq=2).update, status=status)
    tab = await visit.opened(widget, token=socket.token)
    await tab.receive()
    await regenerate(socket, first["id"])
    await die(socket, scripted)
    await supervisor.keep_turns()
    await die(socket, scripted)
    await supervisor.keep_turns()
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["error", "typing_stop"]
    assert frames[0]["code"] == "interrupted"
    assert kinds(await tab.drained()) == ["typing_start", "typing_stop"] * 2
    assert await contents() == [(1, "Hi", "complete"), (2, "First.", status)]
    assert not await in_database(WidgetTurn.objects.exists)


def test_process_that_lost_the_turn_replaces_nothing(
    widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    session = WidgetSession.objects.create(
        widget=widget, token_digest="x", last_active_at=timezone.now(), last_seq=2
    )
    rows = {"session": session, "created_at": timezone.now()}
    question = WidgetMessage.objects.create(**rows, seq=1, role="user", content="Hi")
    WidgetMessage.objects.create(
        **rows, seq=2, role="assistant", content="First.", reply_to=question
    )
    WidgetTurn.objects.create(session=session, message=question)
    slow = claim_next_turn(session_id=session.id, owner=uuid.uuid4())
    WidgetTurn.objects.update(state="waiting", owner=None)
    quick = claim_next_turn(session_id=session.id, owner=uuid.uuid4())
    assert slow is not None
    assert quick is not None
    answer = finish_turn(turn=quick, outcome=Outcome(content="Quick."))
    assert finish_turn(turn=slow, outcome=Outcome(content="Slow.")) is None
    assert finish_turn(turn=quick, outcome=Outcome(content="Quick.")) == answer
    assert list(WidgetMessage.objects.values_list("seq", "content")) == [(1, "Hi"), (2, "Quick.")]
