"""Batches calls of a service: one transaction for all items that arrive while it is busy.

item ──▶ waiting ──▶ batch, one task ──▶ result, or exception, of each item
           ▲   │
           │   └─ the same key as an item of the batch: waits for the next batch
           └───── one more batch starts when none is running, or when the last one has been
                  running for OVERLAP_SECONDS (at most `at_once` of them)
"""

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
# A batch that takes longer, for example waiting for a lock, no longer blocks the next one.
OVERLAP_SECONDS = 0.2
Service = Callable[[Sequence[Item]], Sequence[Result | Exception]]


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    future: asyncio.Future[Result]
    context: contextvars.Context


@dataclass(slots=True)
class _Queue(Generic[Item, Result]):
    """The items and running batches of one event loop."""

    waiting: deque[_Waiting[Item, Result]] = field(default_factory=deque)
    # Whether the loop has scheduled `_start`.
    is_scheduled: bool = False
    # When the next batch may start even if another one is still running.
    overlap_at: float = 0.0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Batcher(Generic[Item, Result]):
    """Calls a service for many items at a time.

    A single item is not delayed. Under load the items of a batch share a transaction, so that the
    cost per item falls as the load grows.

    `service(items)` returns a result, or the exception to raise, for each item. If it raises, it
    has done nothing, and each item is retried by itself, so that no item fails because of another.
    `key`: items with the same key are never in one batch. `size`: items per batch. `at_once`: the
    most batches that run at a time.
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
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue[Item, Result]] = (
            WeakKeyDictionary()
        )

    async def __call__(self, item: Item) -> Result:
        """Return the result of one item, or raise what the service returned for it."""
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(loop, _Queue())
        waiting = _Waiting[Item, Result](item, loop.create_future(), contextvars.copy_context())
        queue.waiting.append(waiting)
        if not queue.is_scheduled:
            # Deferred, so that items that arrive in this iteration of the loop join the batch.
            queue.is_scheduled = True
            loop.call_soon(self._start, loop, queue)
        return await waiting.future

    def _start(self, loop: asyncio.AbstractEventLoop, queue: _Queue[Item, Result]) -> None:
        queue.is_scheduled = False
        while len(queue.tasks) < self._at_once:
            if queue.tasks and queue.waiting and loop.time() < queue.overlap_at:
                queue.is_scheduled = True
                loop.call_at(queue.overlap_at, self._start, loop, queue)
                return
            batch = self._next_batch(queue)
            if not batch:
                return
            queue.overlap_at = loop.time() + OVERLAP_SECONDS
            # Log lines and spans belong to the caller if it is the only one, and to none in a
            # larger batch.
            context = batch[0].context if len(batch) == 1 else contextvars.Context()
            task = loop.create_task(self._run(batch), context=context)
            queue.tasks.add(task)
            task.add_done_callback(partial(self._done, loop, queue, batch))

    def _done(
        self,
        loop: asyncio.AbstractEventLoop,
        queue: _Queue[Item, Result],
        batch: Sequence[_Waiting[Item, Result]],
        task: asyncio.Task[None],
    ) -> None:
        queue.tasks.discard(task)
        for waiting in batch:
            # Only cancellation leaves futures pending here.
            waiting.future.cancel()
        self._start(loop, queue)

    def _next_batch(self, queue: _Queue[Item, Result]) -> list[_Waiting[Item, Result]]:
        batch: dict[Hashable, _Waiting[Item, Result]] = {}
        later: deque[_Waiting[Item, Result]] = deque()
        while queue.waiting and len(batch) < self._size:
            waiting = queue.waiting.popleft()
            # The future of a cancelled caller is already done.
            if not waiting.future.done() and waiting is not batch.setdefault(
                self._key(waiting.item), waiting
            ):
                later.append(waiting)
        queue.waiting.extendleft(reversed(later))
        return list(batch.values())

    async def _run(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = await in_database(self._service, [waiting.item for waiting in batch])
        except Exception as error:  # noqa: BLE001 - it is raised for the caller
            if len(batch) == 1:
                _settle(batch[0], error)
                return
            for waiting in batch:
                if not waiting.future.done():
                    await self._run([waiting])
            return
        for waiting, result in zip(batch, results, strict=True):
            _settle(waiting, result)


def _settle(waiting: _Waiting[Item, Result], result: Result | Exception) -> None:
    if waiting.future.done():
        return
    if isinstance(result, Exception):
        waiting.future.set_exception(result)
    else:
        waiting.future.set_result(result)
