"""Run the turns of this process, one at a time in each session.

A turn outlives the socket that requested it.
"""

import asyncio
import itertools
import logging
import time
import uuid
from collections.abc import Callable
from functools import partial

from loquent.db.batching import Batcher
from loquent.errors import ErrorCode
from loquent.telemetry.correlation import bind_session
from widgets.chat.bus import PROCESS, bus, cancel
from widgets.chat.events import ConversationChanged, TurnEnded, TurnStarted
from widgets.chat.rooms import rooms
from widgets.chat.running_turn import RunningTurn
from widgets.chat.server_frames import INTERNAL_SENTENCE
from widgets.chat.telemetry import note_turn, traced_turn
from widgets.services.turns.claim import claim_turns
from widgets.services.turns.finish import finish_turns
from widgets.services.turns.waiting import PendingTurn

logger = logging.getLogger(__name__)

# How long to retry writing an answer while the database is down.
FINISH_SECONDS = 30.0
FINISH_PAUSES = (0.1, 0.3, 1.0, 2.0)
_claim = Batcher(partial(claim_turns, owner=PROCESS), key=lambda session_id: session_id)
_write = Batcher(finish_turns, key=lambda ended: ended[0].session_id)


def changed(session_id: uuid.UUID) -> None:
    """Let the session's listeners in this process read what a transition changed."""
    for listener in rooms.listeners_of(session_id):
        listener.resync_now()


class TurnRunner:
    """Runs the turns of this process: one task per session, one turn at a time in each."""

    def __init__(self) -> None:
        self._tasks: dict[uuid.UUID, asyncio.Task[None]] = {}
        # Sessions to run once more, with the turn that is already claimed.
        self._again: dict[uuid.UUID, PendingTurn | None] = {}
        self._current: dict[uuid.UUID, RunningTurn] = {}
        # Whether turns may start here.
        self.starts = True

    def wake(self, session_id: uuid.UUID, claimed: PendingTurn | None = None) -> None:
        """Run the session's waiting turns, first the claimed one."""
        if not self.starts:
            return
        if session_id in self._tasks:
            self._again[session_id] = claimed or self._again.get(session_id)
            return
        turn = RunningTurn(claimed) if claimed is not None else None
        if turn is not None:
            # Now, not when the task starts: a stop may follow the message immediately.
            self._current[session_id] = turn
        task = asyncio.get_running_loop().create_task(self._run(session_id, turn))
        self._tasks[session_id] = task
        task.add_done_callback(lambda _: self._forget(session_id))

    def current(self, session_id: uuid.UUID) -> RunningTurn | None:
        """Return the session's turn that this process is running."""
        return self._current.get(session_id)

    def stop(self, session_id: uuid.UUID) -> None:
        """Stop the answer of a session, if it is being written here."""
        turn = self._current.get(session_id)
        if turn is not None:
            turn.stop()

    def running(self) -> list[RunningTurn]:
        """Return the turns that this process is running."""
        return list(self._current.values())

    def sessions(self) -> list[uuid.UUID]:
        """Return the sessions whose turns this process is running."""
        return list(self._tasks)

    def start_no_more(self) -> None:
        """Start no more turns, because the process is shutting down; running ones continue."""
        self.starts = False

    def start_again(self) -> None:
        """Undo `start_no_more`."""
        self.starts = True

    async def end_all(
        self, grace_seconds: float, *, ended: Callable[[uuid.UUID], None] | None = None
    ) -> None:
        """Wait for running turns, call `ended` for each session that is done, cancel the rest.

        Another process finds a cancelled turn by its lease.
        """
        tasks = {task: session_id for session_id, task in self._tasks.items()}
        pending = set(tasks)
        deadline = time.monotonic() + grace_seconds
        while pending and time.monotonic() < deadline:
            done, pending = await asyncio.wait(
                pending,
                timeout=deadline - time.monotonic(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                if ended is not None:
                    ended(tasks[task])
        await cancel(pending)

    def _forget(self, session_id: uuid.UUID) -> None:
        self._tasks.pop(session_id, None)
        self._current.pop(session_id, None)
        if session_id in self._again:
            self.wake(session_id, self._again.pop(session_id))

    async def _run(self, session_id: uuid.UUID, turn: RunningTurn | None) -> None:
        bind_session(session_id)
        # Even if the visitor has left: a tab connected to another process may send a stop.
        await bus.subscribe(session_id)
        try:
            # A claimed turn is run even if the process is shutting down.
            while self.starts or turn is not None:
                if turn is None:
                    claimed = self._again.pop(session_id, None) or await _claim(session_id)
                    turn = None if claimed is None else RunningTurn(claimed)
                if turn is None or not await self._run_one(turn):
                    return
                turn = None
        except Exception as error:  # noqa: BLE001 - the supervisor finds the turn again
            logger.warning("A turn could not be run: %s", type(error).__name__)
        finally:
            bus.unsubscribe(session_id)

    @traced_turn
    async def _run_one(self, turn: RunningTurn) -> bool:
        """Run one turn; return whether turns of the session are waiting."""
        claimed = turn.claimed
        session_id = claimed.session_id
        self._current[session_id] = turn
        try:
            await turn.begin()
            rooms.publish_soon(session_id, TurnStarted(claimed.message_id, claimed.reply_id))
            await turn.generate()
            async with rooms.in_order(session_id):
                ended, more, has_line = await self._finish(turn)
                del self._current[session_id]
                await rooms.publish(session_id, ended)
                if has_line:
                    changed(session_id)
                    await bus.send(session_id, ConversationChanged())
        except asyncio.CancelledError:
            # The process shuts down. Shielded: the waiting caller cancels this task again.
            await asyncio.shield(turn.settle())
            raise
        finally:
            self._current.pop(session_id, None)
        return more

    async def _finish(self, turn: RunningTurn) -> tuple[TurnEnded, bool, bool]:
        """Return the event to publish, whether turns are waiting, and whether a line follows."""
        claimed = turn.claimed
        deadline = time.monotonic() + FINISH_SECONDS
        for attempt in itertools.count():
            try:
                finished = await _write((claimed, turn.outcome))
            except Exception as error:  # noqa: BLE001 - whatever ails the database
                logger.warning("An answer could not be stored: %s", type(error).__name__)
                if time.monotonic() > deadline:
                    break
                await asyncio.sleep(FINISH_PAUSES[min(attempt, len(FINISH_PAUSES) - 1)])
            else:
                note_turn(turn.outcome)
                ended = TurnEnded(
                    claimed.message_id,
                    claimed.reply_id,
                    finished.answer,
                    error=turn.error,
                    retry_after=turn.retry_after,
                    client_message_id=claimed.client_message_id,
                    is_replacement=claimed.replaces is not None,
                )
                return ended, finished.more, finished.has_line
        note_turn(None)
        lost = TurnEnded(
            claimed.message_id,
            claimed.reply_id,
            None,
            error=INTERNAL_SENTENCE,
            error_code=ErrorCode.INTERNAL.value,
            client_message_id=claimed.client_message_id,
        )
        return lost, True, False


runner = TurnRunner()
