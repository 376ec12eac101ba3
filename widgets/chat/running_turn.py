"""The answer to one visitor's message, while it is being written."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from loquent.agents.actions.records import CallRecord
from loquent.agents.services import LoadedReply, generate_reply, settle_tokens
from loquent.agents.types import BackendError, ReplyEnd, ReplyEvent, TextDelta, TextRestart
from loquent.db.batching import Batcher
from loquent.db.threads import in_database
from loquent.errors import ApplicationError
from widgets.chat.bus import bus
from widgets.chat.events import AnswerGrew, AnswerSoFar
from widgets.chat.protocol import utf16_length
from widgets.chat.rooms import rooms
from widgets.services.actions.log import log_begin
from widgets.services.refusals import count_refusal
from widgets.services.turns.claim import begin_turn, begin_turns
from widgets.services.turns.handing_over import Outcome
from widgets.services.turns.waiting import PendingTurn
from widgets.types import MessageStatus

logger = logging.getLogger(__name__)

# The pause between two frames: sends a tenth of the frames; the delay is imperceptible.
COALESCE_SECONDS = 0.04
# Few at a time: turns of one organization wait for each other and would block all threads.
_begin = Batcher(begin_turns, key=lambda turn: turn.session_id, size=8, at_once=2)


class RunningTurn:
    """Writes one answer, and sends its text to the sockets that follow it."""

    def __init__(self, claimed: PendingTurn) -> None:
        self.claimed = claimed
        self.outcome = Outcome()
        # The request, or the error that prevents it.
        self._reply: LoadedReply | ApplicationError | None = None
        self.text = ""
        self.error: str | None = None
        self.retry_after: int | None = None
        self._started_at = time.monotonic()
        self._pending = ""
        self._offset = 0
        self._flush_handle: asyncio.TimerHandle | None = None
        self._next_flush = 0.0
        self._generation: asyncio.Task[None] | None = None
        self._stopped = False
        self._is_shared = False

    def stop(self) -> None:
        """Stop the answer and keep the text so far. Does nothing once it is complete."""
        self._stopped = True
        if self._generation is not None:
            self._generation.cancel()

    async def begin(self) -> None:
        """Load the request. Raises database errors; then nothing has started."""
        if self._stopped:
            return
        if self.claimed.needs_database:
            self._reply, self.outcome.reservation = await _begin(self.claimed)
        else:
            self._reply, self.outcome.reservation = begin_turn(self.claimed)

    async def generate(self) -> None:
        """Generate the answer and record its outcome. Raises only if the server shuts down."""
        reply = self._reply
        if reply is None:
            # Stopped before it began.
            self.outcome.status = MessageStatus.STOPPED.value
            return
        if isinstance(reply, ApplicationError):
            self._fail(reply.message, reply.retry_after)
            self.outcome.limit = reply.limit
            return
        self.outcome.model = reply.model
        if reply.request.actions:
            reply.request.calls.begin = self._log_begin
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
        except ApplicationError as error:
            # The budget does not cover another request.
            self._fail(error.message, error.retry_after)
            self.outcome.limit = error.limit
            count_refusal(widget_id=reply.key, limit=error.limit)
        except BackendError as error:
            logger.warning("A turn failed: %s", error)
            self._fail(reply.fallback_sentence, error.retry_after)
            count_refusal(widget_id=reply.key, limit=error.limit)
        except Exception as error:  # noqa: BLE001 - a turn always ends; the text could hold content
            logger.error("A turn failed: %s", type(error).__name__)  # noqa: TRY400
            self._fail(reply.fallback_sentence)
        finally:
            self.flush()
            self.outcome.content = self.text.rstrip()
            self.outcome.duration_ms = self._elapsed_ms()
            self.outcome.calls = list(reply.request.calls.records)
            if self.outcome.reservation is not None:
                maximum = reply.request.max_output_tokens
                self.outcome.counts = reply.request.meter.counts(max_output_tokens=maximum)

    async def settle(self) -> None:
        """Count the tokens of an answer that this process abandons.

        The process that takes the turn over reserves and counts its own.
        """
        if self.outcome.reservation is None:
            return
        try:
            await in_database(
                settle_tokens, reservation=self.outcome.reservation, **self.outcome.counts
            )
        except Exception as error:  # noqa: BLE001 - the reservation runs out by itself
            logger.warning("Tokens could not be counted: %s", type(error).__name__)

    async def _consume(self, reply: LoadedReply) -> None:
        events: AsyncGenerator[ReplyEvent, None] = generate_reply(
            loaded=reply, reservation=self.outcome.reservation
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case TextDelta(text):
                        self._add(text)
                    case TextRestart():
                        self._restart()
                    case ReplyEnd():
                        if event.cut is not None:
                            self.outcome.status = MessageStatus.CUT.value
                            self.outcome.cut_reason = event.cut
                        self.outcome.sources = list(event.sources)
                        self.outcome.choices = list(event.choices)
                        self.outcome.proposal = event.proposal
                        self.outcome.reply_outcome = event.outcome
                        self.outcome.wants_person = event.wants_person
                        self.outcome.input_tokens = event.input_tokens
                        self.outcome.output_tokens = event.output_tokens

    async def _log_begin(self, call: CallRecord) -> None:
        """Write a call before it is sent. Its end is written with the answer."""
        try:
            await in_database(log_begin, session_id=self.claimed.session_id, call=call)
        except Exception as error:  # noqa: BLE001 - the call is logged with the answer
            logger.warning("A call could not be logged: %s", type(error).__name__)

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
            # The first words are sent immediately; later ones are batched.
            loop = asyncio.get_running_loop()
            self._flush_handle = loop.call_at(self._next_flush, self.flush)

    def _restart(self) -> None:
        """Withdraw the text so far; the next `delta` has offset 0 and replaces it."""
        self.text = ""
        self._pending = ""
        self._offset = 0

    def flush(self) -> None:
        """Send the batched text to the sockets that follow the answer."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        if not self._pending:
            return
        text, self._pending = self._pending, ""
        self._next_flush = asyncio.get_running_loop().time() + COALESCE_SECONDS
        claimed = self.claimed
        for listener in rooms.listeners_of(claimed.session_id):
            listener.deliver_delta(claimed.message_id, claimed.reply_id, self._offset, text)
        if self._is_shared:
            bus.send_soon(
                claimed.session_id,
                AnswerGrew(claimed.message_id, claimed.reply_id, self._offset, text),
            )
        self._offset += utf16_length(text)

    def share(self) -> None:
        """Send other processes the text so far, and later text as it arrives."""
        self.flush()
        self._is_shared = True
        claimed = self.claimed
        bus.send_soon(
            claimed.session_id, AnswerSoFar(claimed.message_id, claimed.reply_id, self.text)
        )

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._started_at) * 1000)
