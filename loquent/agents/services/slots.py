"""Limit the concurrent model calls of a process, and queue further calls fairly."""

import asyncio
from collections import Counter, OrderedDict, deque


class ModelSlots:
    """A bounded number of slots, shared fairly between keys.

    If none is free, callers wait: in order within a key, with keys served in turn. For one event
    loop.
    """

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._total = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._limits = (0, 0)

    @property
    def running(self) -> int:
        """Return how many slots are occupied."""
        return self._total

    @property
    def waiting(self) -> int:
        """Return how many calls wait for a slot."""
        return sum(map(len, self._waiting.values()))

    async def take(self, key: str, *, total: int, per_key: int) -> None:
        """Take a slot: at most `total` at once, and `per_key` of one key; 0 means no limit.

        It waits until a slot is free; a cancelled caller holds none.
        """
        self._limits = (total, per_key)
        if self._is_free(key):
            self._occupy(key)
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # The slot was granted just as the wait was cancelled.
                self.give_back(key)
            else:
                self._leave(key, place)
            raise

    def give_back(self, key: str) -> None:
        """Pass an occupied slot on to the next waiter."""
        self._total -= 1
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        self._hand_out()

    def _is_free(self, key: str) -> bool:
        """Return whether a call can start. Those that wait can't, so it overtakes none of them."""
        total, per_key = self._limits
        return (not total or self._total < total) and (not per_key or self._running[key] < per_key)

    def _occupy(self, key: str) -> None:
        self._running[key] += 1
        self._total += 1

    def _hand_out(self) -> None:
        """Assign free slots to waiters, one per key before any key gets a second."""
        found = True
        while found:
            found = False
            for key in list(self._waiting):
                if not self._is_free(key):
                    continue
                place = self._waiting[key][0]
                self._leave(key, place)
                if place.cancelled():
                    continue
                if key in self._waiting:
                    self._waiting.move_to_end(key)
                self._occupy(key)
                place.set_result(None)
                found = True

    def _leave(self, key: str, place: asyncio.Future[None]) -> None:
        places = self._waiting.get(key)
        if places is not None and place in places:
            places.remove(place)
            if not places:
                del self._waiting[key]


slots = ModelSlots()
