"""One at a time, fairly: however much one party asks for, the others get their turn."""

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
        """Wait for a turn, so many seconds at most; return whether the caller has it."""
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
            # The turn may have come in the same moment.
            if not place.is_set():
                self._leave(key, place)
            return place.is_set()

    def release(self) -> None:
        """Give the turn to the next one that waits: of another key, if there is any."""
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
