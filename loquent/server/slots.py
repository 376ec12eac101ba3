"""Limit how many tasks work at once, and how many may wait for that."""

import asyncio
from collections import deque
from contextlib import suppress


class Slots:
    """A first-come, first-served semaphore whose queue is bounded in length and in time.

    For one thread. `asyncio.Semaphore` has an unbounded queue and stays with one event loop.
    """

    def __init__(self, size: int, *, most_waiting: int, wait_seconds: float) -> None:
        self._free = size
        self._most_waiting = most_waiting
        self._wait_seconds = wait_seconds
        self._queue: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> bool:
        """Take a slot and return True; return False if none is free in time.

        Each True must be followed by one `leave`.
        """
        if self._free > 0:
            self._free -= 1
            return True
        if len(self._queue) >= self._most_waiting:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The slot was handed over just as the wait timed out.
                self.leave()
            else:
                # `leave` may have passed it over already.
                with suppress(ValueError):
                    self._queue.remove(turn)
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def leave(self) -> None:
        """Release a slot, to the longest-waiting request if there is one."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
