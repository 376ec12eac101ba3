"""A backend whose answers a test controls."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

from loquent.agents.backends.base import Backend
from loquent.agents.types import (
    BackendError,
    Cut,
    ReplyEnd,
    ReplyEvent,
    ReplyOutcome,
    ReplyRequest,
    Source,
    TextDelta,
    TextRestart,
)
from loquent.testing.waiting import WAIT_SECONDS


class HeldAnswer:
    """One answer being written. The backend continues when the test says so."""

    def __init__(self, request: ReplyRequest) -> None:
        self.request = request
        # Set if nothing reads the answer any more: it is complete or stopped, or its turn has died.
        self.closed = asyncio.Event()
        self._steps: asyncio.Queue[ReplyEvent | Exception] = asyncio.Queue()

    def say(self, *texts: str) -> None:
        """Yield these pieces."""
        for text in texts:
            self._steps.put_nowait(TextDelta(text))

    def end(
        self,
        *texts: str,
        sources: tuple[Source, ...] = (),
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        outcome: ReplyOutcome = "answered",
        cut: Cut | None = None,
        wants_person: bool = False,
    ) -> None:
        """Yield these pieces, then end the answer."""
        self.say(*texts)
        end = ReplyEnd(sources, input_tokens, output_tokens, outcome=outcome, cut=cut)
        self._steps.put_nowait(replace(end, wants_person=wants_person))

    def restart(self) -> None:
        """Withdraw the pieces so far."""
        self._steps.put_nowait(TextRestart())

    def fail(self, error: Exception | None = None) -> None:
        """Raise the given error, by default a BackendError."""
        reason = "the test wants it so"
        self._steps.put_nowait(error or BackendError(reason, permanent=False))

    async def steps(self) -> AsyncGenerator[ReplyEvent, None]:
        """Yield what the test says, when it says it."""
        try:
            while True:
                step = await self._steps.get()
                if isinstance(step, Exception):
                    raise step
                yield step
                if isinstance(step, ReplyEnd):
                    return
        finally:
            self.closed.set()


class ScriptedBackend(Backend):
    """The provider `test`.

    Without more said, every answer is held until the test moves it:

        answer = await scripted.asked()     # the turn has reached the model
        answer.say("Half an ")              # … and the visitor sees this
        answer.end("answer.")

    With `scripted.automatic = ("Hello", " there.")` every answer is that, at once.
    """

    provider = "test"

    def __init__(self) -> None:
        self.requests: list[ReplyRequest] = []
        self.automatic: tuple[str, ...] | None = None
        self._asked: asyncio.Queue[HeldAnswer] = asyncio.Queue()

    async def asked(self) -> HeldAnswer:
        """Wait for the next requested answer and return it."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._asked.get()

    @property
    def is_asked(self) -> bool:
        """Return whether an answer was requested that `asked` has not returned yet."""
        return not self._asked.empty()

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.requests.append(request)
        answer = HeldAnswer(request)
        if self.automatic is not None:
            answer.end(*self.automatic)
        else:
            self._asked.put_nowait(answer)
        steps = answer.steps()
        try:
            async for step in steps:
                yield step
        finally:
            await steps.aclose()
