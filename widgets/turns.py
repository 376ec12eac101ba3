"""One visitor's message and its reply. A turn outlives the socket that began it."""

import asyncio
import itertools
import logging
import math
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from loquent.agents.backends.base import BackendError, ReplyEnd, ReplyEvent, TextDelta
from loquent.agents.services import LoadedReply, generate_reply
from loquent.correlation import bind_session
from loquent.errors import ApplicationError, ErrorCode
from loquent.grouping import Grouped
from widgets.cancellation import cancel
from widgets.events import AnswerGrew, AnswerSoFar, TurnEnded, TurnStarted
from widgets.hub import hub
from widgets.link import PROCESS, link
from widgets.protocol import utf16_length
from widgets.services.claims import ClaimedTurn, begin_turn, begin_turns, claim_turns
from widgets.services.refusals import note_refusal
from widgets.services.turns import Outcome, finish_turns
from widgets.telemetry import note_turn, traced_turn
from widgets.types import MessageStatus

logger = logging.getLogger(__name__)

# The pause between two frames of an answer: a tenth of the frames, and no eye sees it.
COALESCE_SECONDS = 0.04
# How long an answer is tried to be written while the database is away.
FINISH_SECONDS = 30.0
FINISH_PAUSES = (0.1, 0.3, 1.0, 2.0)
_claim = Grouped(partial(claim_turns, owner=PROCESS), key=lambda session_id: session_id)
# Few at once: those of one organization wait for each other, and others need the threads as well.
_begin = Grouped(begin_turns, key=lambda turn: turn.session_id, size=8, at_once=2)
_write = Grouped(finish_turns, key=lambda ended: ended[0].session_id)
INTERNAL_SENTENCE = "Something went wrong on our side. Please try again."


class Turn:
    """The answer being written: its text so far, and the sockets that follow it live."""

    def __init__(self, claimed: ClaimedTurn) -> None:
        self.claimed = claimed
        self.outcome = Outcome()
        # What to ask, or why nothing can be asked.
        self._reply: LoadedReply | ApplicationError | None = None
        self.text = ""
        self.error: str | None = None
        self.retry_after: int | None = None
        self._began = time.monotonic()
        self._pending = ""
        self._offset = 0
        self._flush_handle: asyncio.TimerHandle | None = None
        self._next_flush = 0.0
        self._generation: asyncio.Task[None] | None = None
        self._stopped = False
        self._is_shared = False

    def stop(self) -> None:
        """Stop the answer; what is written is kept. Does nothing once it is whole."""
        self._stopped = True
        if self._generation is not None:
            self._generation.cancel()

    async def begin(self) -> None:
        """Find out what to ask. Raises what the database raises: then nothing was begun."""
        if self._stopped:
            return
        if self.claimed.needs_database:
            self._reply, self.outcome.reservation = await _begin(self.claimed)
        else:
            self._reply, self.outcome.reservation = begin_turn(self.claimed)

    async def generate(self) -> None:
        """Let the agent write, and note how it ended. Raises only what the server's end raises."""
        reply = self._reply
        if reply is None:
            # Stopped before it began.
            self.outcome.status = MessageStatus.STOPPED.value
            return
        if isinstance(reply, ApplicationError):
            self._fail(reply.message, reply.retry_after)
            return
        self.outcome.model = reply.model
        self._generation = asyncio.create_task(self._consume(reply))
        if self._stopped:
            self._generation.cancel()
        try:
            await self._generation
        except asyncio.CancelledError:
            if not self._stopped:
                self._generation.cancel()
                raise
            self.outcome.status = MessageStatus.STOPPED.value
        except BackendError as error:
            logger.warning("A turn failed: %s", error)
            self._fail(reply.fallback_sentence, error.retry_after)
            note_refusal(widget_id=reply.key, limit=error.limit)
        except Exception as error:  # noqa: BLE001 - a turn always ends; the text could hold content
            logger.error("A turn failed: %s", type(error).__name__)  # noqa: TRY400
            self._fail(reply.fallback_sentence)
        finally:
            self.flush()
            self.outcome.content = self.text.rstrip()
            self.outcome.duration_ms = self._elapsed_ms()

    async def _consume(self, reply: LoadedReply) -> None:
        events: AsyncGenerator[ReplyEvent, None] = generate_reply(loaded=reply)
        async with aclosing(events):
            async for event in events:
                match event:
                    case TextDelta(text):
                        self._add(text)
                    case ReplyEnd():
                        self.outcome.sources = [
                            {"title": source.title, "url": source.url} for source in event.sources
                        ]
                        self.outcome.input_tokens = event.input_tokens
                        self.outcome.output_tokens = event.output_tokens

    def _fail(self, sentence: str, retry_after: float | None = None) -> None:
        self.outcome.status = MessageStatus.FAILED.value
        self.error = sentence
        self.retry_after = None if retry_after is None else math.ceil(retry_after)

    def _add(self, text: str) -> None:
        if self.outcome.first_token_ms is None:
            self.outcome.first_token_ms = self._elapsed_ms()
        self.text += text
        self._pending += text
        if self._flush_handle is None:
            # The first words at once; what follows is gathered.
            loop = asyncio.get_running_loop()
            self._flush_handle = loop.call_at(self._next_flush, self.flush)

    def flush(self) -> None:
        """Send what has gathered to the sockets that follow."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        if not self._pending:
            return
        text, self._pending = self._pending, ""
        self._next_flush = asyncio.get_running_loop().time() + COALESCE_SECONDS
        claimed = self.claimed
        for listener in hub.listeners_of(claimed.session_id):
            listener.deliver_delta(claimed.message_id, claimed.reply_id, self._offset, text)
        if self._is_shared:
            link.send_soon(
                claimed.session_id,
                AnswerGrew(claimed.message_id, claimed.reply_id, self._offset, text),
            )
        self._offset += utf16_length(text)

    def share(self) -> None:
        """Tell other processes what is written, and from now on what comes."""
        self.flush()
        self._is_shared = True
        claimed = self.claimed
        link.send_soon(
            claimed.session_id, AnswerSoFar(claimed.message_id, claimed.reply_id, self.text)
        )

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)


class TurnRunner:
    """Runs the turns of this process: one task per session, one turn at a time in each."""

    def __init__(self) -> None:
        self._tasks: dict[uuid.UUID, asyncio.Task[None]] = {}
        # Sessions to look at again, and the turn that is claimed there already.
        self._again: dict[uuid.UUID, ClaimedTurn | None] = {}
        self._current: dict[uuid.UUID, Turn] = {}
        # Whether turns may begin here.
        self.starts = True

    def wake(self, session_id: uuid.UUID, claimed: ClaimedTurn | None = None) -> None:
        """See to it that the session's waiting turns are run, and first the one that is claimed."""
        if not self.starts:
            return
        if session_id in self._tasks:
            self._again[session_id] = claimed or self._again.get(session_id)
            return
        turn = Turn(claimed) if claimed is not None else None
        if turn is not None:
            # Now, not when the task begins: a stop may come right behind the message.
            self._current[session_id] = turn
        task = asyncio.get_running_loop().create_task(self._run(session_id, turn))
        self._tasks[session_id] = task
        task.add_done_callback(lambda _: self._forget(session_id))

    def current(self, session_id: uuid.UUID) -> Turn | None:
        """The turn of a session that is being written in this process."""
        return self._current.get(session_id)

    def stop(self, session_id: uuid.UUID) -> None:
        """Stop the answer of a session, if it is being written here."""
        turn = self._current.get(session_id)
        if turn is not None:
            turn.stop()

    def sessions(self) -> list[uuid.UUID]:
        """The sessions that this process is at."""
        return list(self._tasks)

    def start_no_more(self) -> None:
        """The process is going away: turns under way go on, others are left to other processes."""
        self.starts = False

    def start_again(self) -> None:
        """The opposite of `start_no_more`."""
        self.starts = True

    async def end_all(
        self, grace_seconds: float, *, ended: Callable[[uuid.UUID], None] | None = None
    ) -> None:
        """Wait so long for the turns under way, telling of each session that is done; cut the rest.

        What is cut is found by its lease.
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

    async def _run(self, session_id: uuid.UUID, turn: Turn | None) -> None:
        bind_session(session_id)
        # Heard even if the visitor has left: a stop may come from a tab at another process.
        await link.follow(session_id)
        try:
            # What is claimed is run, even if the process is to end.
            while self.starts or turn is not None:
                if turn is None:
                    claimed = self._again.pop(session_id, None) or await _claim(session_id)
                    turn = None if claimed is None else Turn(claimed)
                if turn is None or not await self._run_one(turn):
                    return
                turn = None
        except Exception as error:  # noqa: BLE001 - the supervisor finds the turn again
            logger.warning("A turn could not be run: %s", type(error).__name__)
        finally:
            link.unfollow(session_id)

    @traced_turn
    async def _run_one(self, turn: Turn) -> bool:
        """Whether turns of the session are waiting."""
        claimed = turn.claimed
        session_id = claimed.session_id
        self._current[session_id] = turn
        try:
            await turn.begin()
            hub.publish_soon(session_id, TurnStarted(claimed.message_id, claimed.reply_id))
            await turn.generate()
            async with hub.in_order(session_id):
                ended, more = await self._finish(turn)
                del self._current[session_id]
                await hub.publish(session_id, ended)
        finally:
            self._current.pop(session_id, None)
        return more

    async def _finish(self, turn: Turn) -> tuple[TurnEnded, bool]:
        """What to tell, and whether turns of the session are waiting."""
        claimed = turn.claimed
        deadline = time.monotonic() + FINISH_SECONDS
        for attempt in itertools.count():
            try:
                finished = await _write((claimed, turn.outcome))
            except Exception as error:  # noqa: BLE001 - whatever ails the database
                logger.warning("An answer could not be written: %s", type(error).__name__)
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
                return ended, finished.more
        note_turn(None)
        lost = TurnEnded(
            claimed.message_id,
            claimed.reply_id,
            None,
            error=INTERNAL_SENTENCE,
            error_code=ErrorCode.INTERNAL.value,
            client_message_id=claimed.client_message_id,
        )
        return lost, True


runner = TurnRunner()
