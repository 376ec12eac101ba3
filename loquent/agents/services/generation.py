"""Generates one reply, within every limit, whatever the backend does."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

from django.conf import settings

from loquent.agents.backends.base import Backend
from loquent.agents.backends.registry import backend_for
from loquent.agents.metering import TokenMeter
from loquent.agents.services.breaker import breakers
from loquent.agents.services.budget import Reservation, extend_tokens
from loquent.agents.services.loading import LoadedReply
from loquent.agents.services.model_call import ModelCall
from loquent.agents.services.slots import slots
from loquent.agents.types import (
    AgentLimit,
    BackendError,
    BackendEvent,
    ReplyEnd,
    ReplyEvent,
    TextDelta,
    TextRestart,
    Working,
)
from loquent.db.threads import in_database
from loquent.errors import ApplicationError
from loquent.text import TextCleaner, is_blank

logger = logging.getLogger(__name__)
SLOT_RETRY_SECONDS = 5


async def generate_reply(
    *, loaded: LoadedReply, reservation: Reservation | None = None
) -> AsyncGenerator[ReplyEvent, None]:
    """Yield at least one `TextDelta`, then exactly one `ReplyEnd`; or raise BackendError.

    `reservation`: the reply's tokens. It is extended before the model is asked again with results
    of actions; ApplicationError is raised if the budget does not cover that.

    Only if the end `wants_person` may there be no text.

    The text is clean (see TextCleaner), begins with no white space, and is cut at
    LIMITS.answer_chars characters; a cut answer is whole, and has no sources or token counts.
    A `TextRestart` withdraws the text so far.
    The first text must arrive within LIMITS.turn_first_token_seconds, each further one within
    turn_gap_seconds, all of it within turn_total_seconds; the first text has as long again after
    each call of an action; time that the caller needs between two
    events counts for the last only. 0 turns a limit off. An answer without anything to see is an
    error. Closing the generator stops the backend at once; so does cancelling its task.

    However it ends, `loaded.request.meter` says what it used.

    A call to an endpoint first waits for a slot among LIMITS.model_calls and
    model_calls_per_widget (replies of one `loaded.key`), at most turn_first_token_seconds; and
    fails at once while the endpoint's breaker is open.
    """
    limits = settings.LIMITS
    provider = loaded.model.partition(":")[0]
    answer = _Answer(limits.answer_chars)
    clock = _Clock(
        first=limits.turn_first_token_seconds,
        gap=limits.turn_gap_seconds,
        total=limits.turn_total_seconds,
    )
    backend = backend_for(provider)
    async with AsyncExitStack() as stack:
        if backend.is_metered:
            await _enter(stack, backend, provider, loaded, clock)
        meter = loaded.request.meter
        call = stack.enter_context(ModelCall(provider, meter))
        request = loaded.request
        if reservation is not None and request.actions:
            request = replace(request, more_tokens=_extending(loaded, reservation))
        upstream = backend.stream(request)
        if backend.is_metered and not backend.keeps_meter:
            upstream = _metered(upstream, meter)
        await stack.enter_async_context(aclosing(upstream))
        while True:
            event = await _next_event(upstream, clock, provider, meter)
            if isinstance(event, Working):
                clock.begin()
                continue
            if isinstance(event, TextRestart):
                answer = _Answer(limits.answer_chars)
                yield event
                continue
            text = answer.add(event.text) if isinstance(event, TextDelta) else answer.finish()
            if text:
                call.has_text()
                yield TextDelta(text)
                clock.restart()
            if answer.is_full:
                event = ReplyEnd()
            if isinstance(event, ReplyEnd):
                break
        if not answer.has_text and not event.wants_person:
            raise BackendError("the answer has no visible text", permanent=False, is_outage=False)
    yield event


def _extending(loaded: LoadedReply, reservation: Reservation) -> Callable[[int], Awaitable[None]]:
    async def extend(tokens: int) -> None:
        await in_database(extend_tokens, loaded=loaded, reservation=reservation, tokens=tokens)

    return extend


async def _enter(
    stack: AsyncExitStack, backend: Backend, provider: str, loaded: LoadedReply, clock: "_Clock"
) -> None:
    """Take a slot and pass the breaker; the stack releases both."""
    limits = settings.LIMITS
    key = loaded.key
    breaker = breakers.get(provider, backend.endpoint(loaded.request.endpoint))
    breaker.check()
    try:
        async with asyncio.timeout_at(clock.deadline):
            await slots.take(key, total=limits.model_calls, per_key=limits.model_calls_per_widget)
    except TimeoutError:
        raise BackendError(
            "too many simultaneous model calls",
            permanent=False,
            is_outage=False,
            retry_after=SLOT_RETRY_SECONDS,
            limit=AgentLimit.MODEL_CALLS,
        ) from None
    stack.callback(slots.give_back, key)
    stack.enter_context(breaker.watch())
    clock.begin()


class _Clock:
    """When the next text is due, on the event loop's clock."""

    def __init__(self, *, first: float, gap: float, total: float) -> None:
        self._now = asyncio.get_running_loop().time
        now = self._now()
        self._end = now + total if total else None
        self._first = first
        self._gap = gap
        self._next: float | None = None
        self.begin()

    def begin(self) -> None:
        """Start the wait for the first text, or restart it."""
        self._next = self._now() + self._first if self._first else None

    def restart(self) -> None:
        """Start the wait for the next text, once the caller has processed one."""
        self._next = self._now() + self._gap if self._gap else None

    @property
    def deadline(self) -> float | None:
        if self._end is None or self._next is None:
            return self._end if self._next is None else self._next
        return min(self._end, self._next)


class _Answer:
    """The text so far: cleaned, without leading white space, never over its limit."""

    def __init__(self, limit: int) -> None:
        self._cleaner = TextCleaner()
        self._limit = limit
        self._length = 0
        self._unseen = ""
        self.has_text = False
        self.is_full = False

    def add(self, text: str) -> str:
        """Return the part of this piece that the caller may receive; may be empty."""
        text = self._cleaner.feed(text)
        if not self.has_text:
            text = (self._unseen + text).lstrip()
            self.has_text = not is_blank(text)
            if not self.has_text:
                # Zero-width characters may belong to what follows; endless ones are cut off.
                self._unseen = text[: self._limit or None]
                return ""
        if self._limit and self._length + len(text) > self._limit:
            text = text[: self._limit - self._length]
            self.is_full = True
        self._length += len(text)
        return text

    def finish(self) -> str:
        """Return what is left at the end."""
        return self.add(self._cleaner.finish())


async def _metered(
    events: AsyncGenerator[BackendEvent, None], meter: TokenMeter
) -> AsyncGenerator[BackendEvent, None]:
    """Record the events of a backend that keeps no meter; a failure before any text is free."""
    meter.sent()
    async with aclosing(events):
        try:
            async for event in events:
                if isinstance(event, TextDelta):
                    meter.received(event.text)
                elif isinstance(event, ReplyEnd):
                    meter.reported(event.input_tokens, event.output_tokens)
                yield event
        except BackendError:
            if not meter.has_text:
                meter.refused()
            raise


async def _next_event(
    upstream: AsyncGenerator[BackendEvent, None], clock: _Clock, provider: str, meter: TokenMeter
) -> BackendEvent:
    try:
        async with asyncio.timeout_at(clock.deadline):
            event = await anext(upstream)
    except (ApplicationError, BackendError):
        meter.over()
        raise
    except TimeoutError:
        # Not over: the endpoint was still at work, as it is when a visitor stops the answer.
        raise BackendError("the backend took too long", permanent=False) from None
    except StopAsyncIteration:
        meter.over()
        raise BackendError("the backend stopped in mid-answer", permanent=False) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not get out
        meter.over()
        # A traceback could show what the visitor or the model wrote: only the kind is logged.
        kind = type(error).__name__
        logger.error("The backend %s failed unexpectedly: %s", provider, kind)  # noqa: TRY400
        raise BackendError(f"the backend failed ({kind})", permanent=False) from None
    if isinstance(event, ReplyEnd):
        meter.over()
    return event
