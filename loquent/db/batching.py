"""One trip to the database for everybody who waits for the same service."""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from loquent.db.threads import in_database

Item = TypeVar("Item")
Result = TypeVar("Result")
# A group that is still not done, such as one that waits for a lock, holds up others no longer.
OVERLAP_SECONDS = 0.2
Service = Callable[[Sequence[Item]], Sequence[Result | Exception]]


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    future: asyncio.Future[Result]
    context: contextvars.Context


@dataclass(slots=True)
class _Line(Generic[Item, Result]):
    """Who waits, in one event loop."""

    waiting: deque[_Waiting[Item, Result]] = field(default_factory=deque)
    is_called: bool = False
    # When the next group may go though another is not done.
    overlap_at: float = 0.0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Grouped(Generic[Item, Result]):
    """Calls a service that does the same for many, with all that has come while it was busy.

    Alone, an item goes at once: nobody waits for company. Under load a group shares its
    transaction, so that the cost of each falls as the load grows.

    `service(items)` gives a result, or the exception to raise, for each item. If it raises, it has
    done nothing: then each item is tried by itself, and nobody fails by another's fault. `key`:
    items with the same one are never in one group. `size`: items in a group. `at_once`: groups,
    where the ones before take longer than OVERLAP_SECONDS.
    """

    def __init__(
        self,
        service: Service[Item, Result],
        *,
        key: Callable[[Item], Hashable],
        size: int = 64,
        at_once: int = 4,
    ) -> None:
        self._service = service
        self._key = key
        self._size = size
        self._at_once = at_once
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line[Item, Result]] = (
            WeakKeyDictionary()
        )

    async def __call__(self, item: Item) -> Result:
        """The result of one item; raises what the service says."""
        loop = asyncio.get_running_loop()
        line = self._lines.setdefault(loop, _Line())
        waiting = _Waiting[Item, Result](item, loop.create_future(), contextvars.copy_context())
        line.waiting.append(waiting)
        if not line.is_called:
            # In a moment: who else comes in this turn of the loop goes along.
            line.is_called = True
            loop.call_soon(self._start, loop, line)
        return await waiting.future

    def _start(self, loop: asyncio.AbstractEventLoop, line: _Line[Item, Result]) -> None:
        line.is_called = False
        while len(line.tasks) < self._at_once:
            if line.tasks and line.waiting and loop.time() < line.overlap_at:
                line.is_called = True
                loop.call_at(line.overlap_at, self._start, loop, line)
                return
            group = self._next_group(line)
            if not group:
                return
            line.overlap_at = loop.time() + OVERLAP_SECONDS
            # The log lines and spans of one caller are its own; those of many are nobody's.
            context = group[0].context if len(group) == 1 else contextvars.Context()
            task = loop.create_task(self._run(group), context=context)
            line.tasks.add(task)
            task.add_done_callback(partial(self._done, loop, line, group))

    def _done(
        self,
        loop: asyncio.AbstractEventLoop,
        line: _Line[Item, Result],
        group: Sequence[_Waiting[Item, Result]],
        task: asyncio.Task[None],
    ) -> None:
        line.tasks.discard(task)
        for waiting in group:
            # Only where the task was cancelled.
            waiting.future.cancel()
        self._start(loop, line)

    def _next_group(self, line: _Line[Item, Result]) -> list[_Waiting[Item, Result]]:
        group: dict[Hashable, _Waiting[Item, Result]] = {}
        later: deque[_Waiting[Item, Result]] = deque()
        while line.waiting and len(group) < self._size:
            waiting = line.waiting.popleft()
            # Who has gone away before its turn asks for nothing.
            if not waiting.future.done() and waiting is not group.setdefault(
                self._key(waiting.item), waiting
            ):
                later.append(waiting)
        line.waiting.extendleft(reversed(later))
        return list(group.values())

    async def _run(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = await in_database(self._service, [waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - it is raised where the item comes from
            if len(group) == 1:
                _settle(group[0], error)
                return
            for waiting in group:
                if not waiting.future.done():
                    await self._run([waiting])
            return
        for waiting, result in zip(group, results, strict=True):
            _settle(waiting, result)


def _settle(waiting: _Waiting[Item, Result], result: Result | Exception) -> None:
    if waiting.future.done():
        return
    if isinstance(result, Exception):
        waiting.future.set_exception(result)
    else:
        waiting.future.set_result(result)
