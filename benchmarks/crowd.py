"""Visitors: a bounded number of sockets that ask, and what they saw."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.answer import ANSWER_BYTES
from benchmarks.dialects import Dialect, Heard
from benchmarks.websocket import WebSocketClient, handshake

# Sockets that are being opened at once.
OPENING = 50
OPEN_SECONDS = 60
# Longer than any server takes for an answer that comes at all.
ANSWER_SECONDS = 30
ANSWER_SIZE = len(ANSWER_BYTES)


class LoadError(Exception):
    """The server did not do what it was asked to: its figures would mean nothing."""


@dataclass(slots=True)
class Tally:
    """What the visitors saw: times in seconds, from the question."""

    replies: int = 0
    first_tokens: list[float] = field(default_factory=list)
    wholes: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Visitor(WebSocketClient):
    """A socket that asks one question at a time."""

    def __init__(self, crowd: "Crowd", number: int) -> None:
        dialect = crowd.dialect
        super().__init__(
            handshake(port=crowd.port, path=dialect.path(number), headers=dialect.headers(number))
        )
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_waiting = False
        # Who waits for the answer, where somebody does.
        self.done: asyncio.Future[None] | None = None
        self._crowd = crowd
        self._hear = dialect.hear
        self._asked_at = 0.0
        self._first_at = 0.0
        self._has_answer = False

    def ask(self) -> None:
        """Send a question."""
        self.is_waiting = True
        self._first_at = 0.0
        self._has_answer = False
        payload = self._crowd.next_question()
        self._asked_at = time.perf_counter()
        self.say(payload)

    def text_received(self, payload: bytes) -> None:
        heard = self._hear(payload, self.say)
        if not self._has_answer and len(payload) > ANSWER_SIZE and ANSWER_BYTES in payload:
            self._has_answer = True
        if heard is Heard.WORDS:
            if not self._first_at:
                self._first_at = time.perf_counter()
        elif heard is Heard.END:
            self._end()
        elif heard is Heard.READY:
            if not self.ready.done():
                self.ready.set_result(None)
        elif heard is Heard.FAILURE:
            self._fail(payload[:300].decode(errors="replace"))

    def lost(self, reason: str) -> None:
        self._fail(reason)

    def _end(self) -> None:
        if not self.is_waiting:
            return
        self.is_waiting = False
        if not self._first_at or not self._has_answer:
            self._fail("an answer is not whole")
            return
        tally = self._crowd.tally
        tally.replies += 1
        tally.first_tokens.append(self._first_at - self._asked_at)
        tally.wholes.append(time.perf_counter() - self._asked_at)
        self._crowd.answered(self)

    def _fail(self, reason: str) -> None:
        self._crowd.tally.failures.append(reason)
        if not self.ready.done():
            self.ready.set_exception(LoadError(reason))
            # Whoever awaits it is told; where nobody does, nothing is to be logged.
            self.ready.exception()
        elif self.done is not None and not self.done.done():
            self.done.set_exception(LoadError(reason))


class Crowd:
    """All visitors of one server."""

    def __init__(self, dialect: Dialect, *, port: int) -> None:
        self.dialect = dialect
        self.port = port
        self.tally = Tally()
        self.visitors: list[Visitor] = []
        # Called with each visitor whose question was answered.
        self.answered: Callable[[Visitor], None] = lambda visitor: None
        self._questions = 0
        self._numbers = 0

    def next_question(self) -> bytes:
        """A message that nobody has sent yet."""
        self._questions += 1
        return self.dialect.question(self._questions)

    async def open(self, count: int) -> list[Visitor]:
        """Open so many more sockets; raises LoadError where one can't be opened."""
        gate = asyncio.Semaphore(OPENING)
        loop = asyncio.get_running_loop()

        async def open_one(number: int) -> Visitor:
            async with gate, asyncio.timeout(OPEN_SECONDS):
                _, visitor = await loop.create_connection(
                    lambda: Visitor(self, number), "127.0.0.1", self.port
                )
                self.visitors.append(visitor)
                await visitor.ready
                return visitor

        numbers = range(self._numbers, self._numbers + count)
        self._numbers += count
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(open_one(number)) for number in numbers]
        except* (OSError, TimeoutError, LoadError) as group_of_errors:
            raise LoadError(f"A socket can't be opened: {group_of_errors.exceptions[0]}") from None
        return [task.result() for task in tasks]

    async def until_answered(self) -> None:
        """Wait for the answers under way; LoadError where they don't come, or one fails."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while any(visitor.is_waiting for visitor in self.visitors):
            self.check()
            if time.monotonic() > deadline:
                raise LoadError(f"An answer has not come in {ANSWER_SECONDS} s.")
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Close all sockets, and give the server a moment to notice."""
        for visitor in self.visitors:
            visitor.leave()
        self.visitors.clear()
        await asyncio.sleep(0.3)

    def check(self) -> None:
        """Raise LoadError where anything went wrong."""
        if self.tally.failures:
            raise LoadError(
                f"{len(self.tally.failures)} failures, the first: {self.tally.failures[0]}"
            )
