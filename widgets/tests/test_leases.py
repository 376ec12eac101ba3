"""Turns whose process died are found and settled."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.supervisor import supervisor
from widgets.chat.turn_runner import runner
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.sessions import create_widget_session
from widgets.services.turns.handing_over import Outcome
from widgets.services.turns.leases import LEASE, renew_leases, settle_orphans
from widgets.services.turns.waiting import PendingTurn
from widgets.tests.one import accept_message, claim_next_turn, finish_turn

ME, OTHER = uuid.uuid4(), uuid.uuid4()


@pytest.fixture
def session(widget: WidgetConfig) -> WidgetSession:
    return create_widget_session(widget=widget)[0]


def post(session: WidgetSession, content: str = "Hi") -> str:
    accepted = accept_message(
        session_id=session.id, content=content, client_message_id=None, ip="127.0.0.1"
    )
    return accepted.message.id


def claim(session: WidgetSession, owner: uuid.UUID = ME) -> PendingTurn:
    turn = claim_next_turn(session_id=session.id, owner=owner)
    assert turn is not None
    return turn


def expire_leases() -> None:
    WidgetTurn.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_one_turn_runs_at_a_time(session: WidgetSession) -> None:
    post(session, "One")
    post(session, "Two")
    first = claim(session)
    assert claim_next_turn(session_id=session.id, owner=OTHER) is None
    answer = finish_turn(turn=first, outcome=Outcome(content="First."))
    assert answer is not None
    assert answer.seq == 3
    assert claim(session, OTHER).message_id != first.message_id


def test_live_lease_is_not_taken_over(session: WidgetSession, settings: Settings) -> None:
    settings.REDIS_URL = "redis://there-are-other-processes"
    post(session)
    claim(session)
    assert not settle_orphans(running_here=[], owner=ME).to_run
    expire_leases()
    renew_leases(owner=ME, running_here=[session.id])
    assert not settle_orphans(running_here=[], owner=ME).to_run


def test_renewal_reports_the_turns_that_still_exist(session: WidgetSession) -> None:
    post(session)
    turn = claim(session)
    assert renew_leases(owner=ME, running_here=[session.id]) == {turn.turn_id}
    assert renew_leases(owner=OTHER, running_here=[session.id]) == set()
    WidgetTurn.objects.all().delete()
    assert renew_leases(owner=ME, running_here=[session.id]) == set()


def test_only_old_leases_are_renewed(session: WidgetSession) -> None:
    post(session)
    claim(session)
    now = timezone.now()
    for until, is_renewed in ((now + 2 * LEASE, False), (now + LEASE / 2, True)):
        WidgetTurn.objects.update(lease_until=until)
        renew_leases(owner=ME, running_here=[session.id])
        assert (WidgetTurn.objects.get().lease_until != until) == is_renewed


async def test_answer_stops_once_its_turn_is_gone(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("Half an ")
    await socket.until("delta")
    await in_database(WidgetTurn.objects.all().delete)
    await asyncio.wait_for(answer.closed.wait(), WAIT_SECONDS)
    frames = await socket.until("typing_stop")
    assert [frame for frame in frames if frame["type"] in {"message", "error"}] == []
    assert await in_database(WidgetMessage.objects.filter(role="assistant").count) == 0


def test_only_process_takes_over_without_waiting_for_leases(
    session: WidgetSession, settings: Settings
) -> None:
    settings.REDIS_URL = ""
    post(session)
    claim(session, OTHER)
    # Its own turn, claimed since it looked at what it runs, is none.
    assert not settle_orphans(running_here=[], owner=OTHER).to_run
    assert settle_orphans(running_here=[], owner=ME).to_run == {session.id}


def test_own_turn_is_not_treated_as_an_orphan(session: WidgetSession) -> None:
    post(session)
    claim(session)
    expire_leases()
    assert not settle_orphans(running_here=[session.id], owner=ME).to_run
    assert WidgetTurn.objects.get().state == "running"


def test_orphan_runs_again_and_the_late_answer_is_discarded(
    session: WidgetSession,
) -> None:
    post(session)
    dead = claim(session, OTHER)
    expire_leases()
    assert settle_orphans(running_here=[], owner=ME).to_run == {session.id}
    again = claim(session)
    assert again.message_id == dead.message_id
    assert finish_turn(turn=dead, outcome=Outcome(content="Late.")) is None
    assert finish_turn(turn=again, outcome=Outcome(content="Hello.")) is not None
    answers = WidgetMessage.objects.filter(role="assistant")
    assert [row.content for row in answers] == ["Hello."]


def test_turn_orphaned_twice_is_interrupted(session: WidgetSession) -> None:
    asked = post(session)
    for _ in range(2):
        claim(session, OTHER)
        expire_leases()
        settled = settle_orphans(running_here=[], owner=ME)
    assert not settled.to_run
    assert [(ended.session_id, ended.message_id) for ended in settled.interrupted] == [
        (session.id, asked)
    ]
    row = WidgetMessage.objects.get(role="assistant")
    assert (row.status, row.seq, str(row.reply_to_id)) == ("interrupted", 2, asked)
    assert not WidgetTurn.objects.exists()


def test_unknown_claim_expires(session: WidgetSession) -> None:
    post(session)
    claim(session)
    expire_leases()
    renew_leases(owner=ME, running_here=[])
    assert settle_orphans(running_here=[], owner=ME).to_run == {session.id}


def test_answer_is_written_once_even_if_finishing_is_retried(session: WidgetSession) -> None:
    post(session)
    turn = claim(session)
    first = finish_turn(turn=turn, outcome=Outcome(content="Hello."))
    # The commit was done, but its confirmation never came: the writer tries again.
    assert first is not None
    assert finish_turn(turn=turn, outcome=Outcome(content="Hello.")) == first
    assert WidgetMessage.objects.filter(role="assistant").count() == 1


def test_unclaimed_message_is_found(session: WidgetSession) -> None:
    post(session)
    assert not settle_orphans(running_here=[], owner=ME).to_run
    WidgetTurn.objects.update(updated_at=timezone.now() - LEASE - timedelta(seconds=1))
    assert settle_orphans(running_here=[], owner=ME).to_run == {session.id}


def test_finishing_a_turn_of_a_deleted_session_raises_nothing(session: WidgetSession) -> None:
    post(session)
    turn = claim(session)
    session.delete()
    assert finish_turn(turn=turn, outcome=Outcome(content="Hello.")) is None


async def test_supervisor_runs_turns_of_a_dead_process(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit(widget)
    await socket.receive()

    def die_in_mid_answer() -> None:
        session = WidgetSession.objects.get()
        post(session)
        claim(session, OTHER)
        expire_leases()

    await in_database(die_in_mid_answer)
    await supervisor.keep_turns()
    (await scripted.asked()).end("Hello.")
    frames: list[dict[str, Any]] = await socket.until("typing_stop")
    assert [f["type"] for f in frames] == ["typing_start", "message", "typing_stop"]


async def test_turn_cut_by_shutdown_is_run_again(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit(widget)
    await socket.receive()
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("Half")
    await socket.until("delta")
    await supervisor.stop()
    await asyncio.wait_for(answer.closed.wait(), WAIT_SECONDS)
    turn = await in_database(WidgetTurn.objects.get)
    assert turn.state == "running"
    assert await in_database(WidgetMessage.objects.filter(role="assistant").count) == 0
    await in_database(expire_leases)
    await supervisor.keep_turns()
    (await scripted.asked()).end("Whole.")
    assert [f["type"] for f in await socket.until("message")][-1] == "message"


async def test_turn_that_cannot_start_shows_nothing_and_is_retried(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures: list[Exception] = [OperationalError("a lock was not to be had")]

    def reserve(**_: object) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr("widgets.services.turns.waiting.needs_database", lambda agent: True)
    monkeypatch.setattr("widgets.services.turns.claim.reserve_tokens", reserve)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    assert [f["type"] for f in await socket.until("ack")] == ["ack"]
    await runner.end_all(10)
    assert not failures
    assert await socket.drained() == []
    await in_database(expire_leases)
    await supervisor.keep_turns()
    (await scripted.asked()).end("Hello.")
    frames = await socket.until("typing_stop")
    assert [f["type"] for f in frames] == ["typing_start", "delta", "message", "typing_stop"]


async def test_interrupted_answer_is_reported(visit: Visits, widget: WidgetConfig) -> None:
    v2 = await visit(widget)
    await v2.receive()

    def die_twice() -> None:
        session = WidgetSession.objects.get()
        post(session)
        for _ in range(2):
            claim(session, OTHER)
            expire_leases()
            WidgetTurn.objects.filter(attempts=1).update(state="waiting")

    await in_database(die_twice)
    base = await visit(widget, v2=False, token=v2.token)
    assert [(await base.receive())["type"] for _ in range(2)] == ["session", "history"]
    await supervisor.keep_turns()
    frames = await v2.until("typing_stop")
    assert [f["type"] for f in frames] == ["typing_start", "message", "typing_stop"]
    assert frames[1]["status"] == "interrupted"
    again = await visit(widget, token=v2.token)
    await again.receive()
    assert [m["status"] for m in (await again.receive())["messages"]] == ["complete", "interrupted"]
