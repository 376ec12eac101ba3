"""A fair lock: one key with many requests doesn't starve the others."""

import threading
from collections import OrderedDict, deque


class FairTurns:
    """A lock whose waiting threads are served in order within a key, and the keys in turn.

    At most `waiting` threads of one key wait; another one is refused at once.
    """

    def __init__(self, *, waiting: int) -> None:
        self._waiting = waiting
        self._mutex = threading.Lock()
        # The key whose turn it is; None if free.
        self._current: str | None = None
        self._places: OrderedDict[str, deque[threading.Event]] = OrderedDict()

    def acquire(self, key: str, *, timeout: float) -> bool:
        """Wait for a turn, for at most `timeout` seconds; return whether the caller has it."""
        place = threading.Event()
        with self._mutex:
            if self._current is None:
                self._current = key
                return True
            places = self._places.setdefault(key, deque())
            if len(places) >= self._waiting:
                return False
            places.append(place)
        if place.wait(timeout):
            return True
        with self._mutex:
            # The turn may have been granted just as the wait timed out.
            if not place.is_set():
                self._leave(key, place)
            return place.is_set()

    def release(self) -> None:
        """Pass the turn to the next waiting thread, of another key if there is one."""
        with self._mutex:
            if not self._places:
                self._current = None
                return
            others = (key for key in self._places if key != self._current)
            key = next(others, next(iter(self._places)))
            place = self._places[key][0]
            self._leave(key, place)
            if key in self._places:
                self._places.move_to_end(key)
            self._current = key
            place.set()

    def _leave(self, key: str, place: threading.Event) -> None:
        places = self._places[key]
        places.remove(place)
        if not places:
            del self._places[key]
