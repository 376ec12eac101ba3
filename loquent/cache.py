"""A cache that stays within a weight. Pure; safe to use from several threads."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps one value per key, and drops the least recently used above `capacity`.

    The weight is whatever the caller counts in. The newest value stays, however heavy it is.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._values: OrderedDict[K, tuple[str, V, int]] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K, version: str) -> V | None:
        """The value put under this key with this version; None for any other version."""
        with self._lock:
            found = self._values.get(key)
            if found is None or found[0] != version:
                return None
            self._values.move_to_end(key)
            return found[1]

    def put(self, key: K, version: str, value: V, weight: int) -> None:
        """Keep the value in place of the key's earlier one."""
        with self._lock:
            self._drop(key)
            self._values[key] = (version, value, weight)
            self._weight += weight
            while self._weight > self.capacity and len(self._values) > 1:
                self._drop(next(iter(self._values)))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._weight = 0

    def _drop(self, key: K) -> None:
        dropped = self._values.pop(key, None)
        if dropped is not None:
            self._weight -= dropped[2]
