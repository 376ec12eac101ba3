"""Background tasks: leases, orphaned turns, revoked widgets, idle sockets, the drain."""

import asyncio
import contextlib
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import assert_never

from django.conf import settings

from loquent.db.threads import in_database
from loquent.errors import ErrorCode
from widgets.chat.action_runner import ACTION_SECONDS, end_actions, keep_actions
from widgets.chat.bus import PROCESS, bus, cancel
from widgets.chat.events import (
    AnswerRequested,
    ConversationChanged,
    Event,
    InboxChanged,
    ProcessEvent,
    ResyncRequested,
    StopRequested,
    TurnEnded,
)
from widgets.chat.inbox.feed import feed
from widgets.chat.protocol import CloseCode
from widgets.chat.rooms import Listener, rooms
from widgets.chat.telemetry import measure_process, note_interrupted
from widgets.chat.turn_runner import changed, runner
from widgets.services.handoff.hints import Hint, receive_hints
from widgets.services.handoff.timers import fire_due_timers
from widgets.services.open_sockets import revocation_state
from widgets.services.refusals import flush_refusals, has_refusals
from widgets.services.setup.seen_sites import flush_seen_sites, has_seen_sites
from widgets.services.turns.leases import RENEW_SECONDS, release_turns, renew_leases, settle_orphans

logger = logging.getLogger(__name__)
# With more sockets than this, only a part is checked each second.
MANY_SOCKETS = 1_000
PARTS = 3
# An answer whose turn is gone must stop within a second, also without Redis.
FENCE_TIMES = 2
INTERRUPTED_SENTENCE = "The answer was interrupted. Please ask again."


class Supervisor:
    """Runs three loops per process, started by the server's start or the first socket.

    Leases have a loop of their own: they expire after 4 s, and the work of the other two loops
    grows with the number of sockets. Resyncs have one because after an outage of Redis there is
    one for each socket.
    """

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._round = 0
        # Sockets that may have missed events.
        self._outdated: set[Listener] = set()
        # Set by the first termination signal: no new sockets, no new turns.
        self.is_draining = False

    def start(self) -> None:
        """Start the loops unless they run already."""
        loop = asyncio.get_running_loop()
        if any(not task.done() and task.get_loop() is loop for task in self._tasks):
            return
        bus.start(on_remote_event)
        receive_hints(partial(_pass_on, loop))
        feed.start()
        rooms.observe(feed.note)
        self._outdated.clear()
        checks = (
            self.keep_turns,
            self.end_revoked,
            self.end_watching,
            self.end_idle,
            self.check_bus,
            self.count_refusals,
            self.fire_timers,
            keep_actions,
            measure_process,
        )
        self._tasks = [
            loop.create_task(_repeat(self.renew_leases, times=FENCE_TIMES)),
            loop.create_task(_repeat(self.resync_outdated)),
            loop.create_task(_repeat(*checks)),
        ]

    async def drain(self, *, grace_seconds: float) -> None:
        """Wait up to `grace_seconds` for running answers, then close every socket.

        A socket without a running answer is closed immediately: its visitor reconnects to another
        process, which also takes over this process's waiting and aborted turns.
        """
        self.is_draining = True
        runner.start_no_more()
        for socket in rooms.sockets():
            if socket.session_id is None or runner.current(socket.session_id) is None:
                socket.end(CloseCode.RESTART)
        await runner.end_all(grace_seconds, ended=self._send_away)
        await end_actions(ACTION_SECONDS)
        for listener in (*rooms.sockets(), *rooms.viewers()):
            listener.end(CloseCode.RESTART)
        try:
            await in_database(release_turns, owner=PROCESS)
        except Exception as error:  # noqa: BLE001 - the leases run out by themselves
            logger.warning("Turns could not be released: %s", type(error).__name__)
        try:
            await self.count_refusals()
        except Exception as error:  # noqa: BLE001 - a few counts are lost
            logger.warning("Refusals could not be counted: %s", type(error).__name__)

    def _send_away(self, session_id: uuid.UUID) -> None:
        for socket in rooms.sockets_of(session_id):
            socket.end(CloseCode.RESTART)

    async def stop(self) -> None:
        """End the turns of this process and the loops."""
        await runner.end_all(0)
        await cancel(self._tasks)
        self._tasks = []
        receive_hints(None)
        await feed.stop()
        await bus.stop()
        self.is_draining = False
        runner.start_again()

    async def renew_leases(self) -> None:
        """Renew the leases of this process's turns; stop the answers whose turns are gone."""
        # Read first: a turn that begins during the query is not in its result.
        running = runner.running()
        if running_here := runner.sessions():
            kept = await in_database(renew_leases, owner=PROCESS, running_here=running_here)
            for turn in running:
                if turn.claimed.turn_id not in kept:
                    turn.stop()

    async def keep_turns(self) -> None:
        """Run the turns that dead processes left."""
        settled = await in_database(settle_orphans, running_here=runner.sessions(), owner=PROCESS)
        for turn in settled.interrupted:
            note_interrupted()
            ended = TurnEnded(
                turn.message_id,
                turn.reply_id,
                turn.answer,
                error=INTERRUPTED_SENTENCE,
                error_code=ErrorCode.INTERRUPTED.value,
            )
            await rooms.publish(turn.session_id, ended)
        for session_id in settled.to_run:
            runner.wake(session_id)

    async def end_revoked(self) -> None:
        """Close the sockets whose widget is deleted (4404) or no longer allows them (4403).

        A socket whose session was erased is closed with 1012: its visitor reconnects to a new one.
        If there are many, each round checks a third of them: all are checked within 5 s.
        """
        found = rooms.sockets()
        self._round += 1
        if len(found) > MANY_SOCKETS:
            this = self._round % PARTS
            found = [s for s in found if s.session_id and s.session_id.int % PARTS == this]
        sockets = {s: (s.widget_pk, s.session_id) for s in found}
        if not sockets:
            return
        widgets, sessions = await in_database(
            revocation_state,
            widget_pks={widget for widget, _ in sockets.values() if widget},
            session_ids={session for _, session in sockets.values() if session},
        )
        for socket, (widget, session) in sockets.items():
            if widget is None or session is None:
                continue
            code = socket.check_widget(widgets.get(widget))
            if code is not None:
                socket.end(code)
            elif session not in sessions and socket.session_id == session:
                runner.stop(session)
                socket.end(CloseCode.RESTART)

    async def end_watching(self) -> None:
        """Disconnect staff who lost access."""
        for viewer in rooms.viewers():
            try:
                await viewer.check_right()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                logger.warning("A viewer could not be checked: %s", type(error).__name__)

    async def check_bus(self) -> None:
        """Once the channel layer is back, mark all sockets: each may have missed events."""
        if await bus.check():
            self._outdated.update(rooms.sockets(), rooms.viewers())

    async def resync_outdated(self) -> None:
        """Send the sockets marked by `check_bus` what they missed; failed ones stay marked.

        One socket at a time, so that Redis's return does not flood the database.
        """
        failures: Counter[str] = Counter()
        for listener in list(self._outdated):
            # Unmarked before the resync: a mark set during it is for events that it may not see.
            self._outdated.discard(listener)
            try:
                await listener.resync()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                self._outdated.add(listener)
                failures[type(error).__name__] += 1
        if failures:
            logger.warning("Sockets could not be resynced: %s", dict(failures))

    async def fire_timers(self) -> None:
        """Fire the timers of conversations that wait for a person."""
        await in_database(fire_due_timers)

    async def count_refusals(self) -> None:
        """Write how often limits refused, and which sites show a chat, for staff."""
        if has_refusals():
            await in_database(flush_refusals)
        if has_seen_sites():
            await in_database(flush_seen_sites)

    async def end_idle(self) -> None:
        """Close the sockets that sent only pings for LIMIT_IDLE_SECONDS."""
        limit = settings.LIMITS.idle_seconds
        if not limit:
            return
        oldest = monotonic() - limit
        for socket in rooms.sockets():
            if socket.last_activity < oldest and not socket.awaits_person:
                socket.end(CloseCode.IDLE)


async def _repeat(*steps: Callable[[], Awaitable[None]], times: int = 1) -> None:
    """Run the steps `times` per RENEW_SECONDS, forever; one that fails doesn't stop the others."""
    while True:
        for step in steps:
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                logger.warning("%s failed: %s", step.__name__, type(error).__name__)
        await asyncio.sleep(RENEW_SECONDS / times)


def _pass_on(loop: asyncio.AbstractEventLoop, hint: Hint) -> None:
    """Handle a hint of a service, which runs in a thread."""
    # A loop that is closed has no sockets any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(on_hint, hint)


def on_hint(hint: Hint) -> None:
    """Handle a transition of this process, here and in the other processes."""
    feed.note(hint.session_id)
    if hint.is_internal:
        return
    event = StopRequested() if hint.stops else ConversationChanged(list(hint.ended))
    _handle(hint.session_id, event)
    bus.send_soon(hint.session_id, event)
    if hint.wakes:
        runner.wake(hint.session_id)


def on_remote_event(session_id: uuid.UUID, event: Event) -> None:
    """Handle an event from another process."""
    if isinstance(event, ProcessEvent):
        _handle(session_id, event)
    else:
        rooms.deliver_local(session_id, event)


def _handle(session_id: uuid.UUID, event: ProcessEvent) -> None:
    match event:
        case StopRequested():
            runner.stop(session_id)
        case AnswerRequested():
            turn = runner.current(session_id)
            if turn is not None:
                turn.share()
        case ConversationChanged(ended):
            turn = runner.current(session_id)
            if turn is not None and str(turn.claimed.turn_id) in ended:
                turn.stop()
            changed(session_id)
        case InboxChanged(ids):
            feed.show(map(uuid.UUID, ids))
        case ResyncRequested():
            for listener in rooms.listeners_of(session_id):
                listener.resync_soon()
        case _:
            assert_never(event)


supervisor = Supervisor()
