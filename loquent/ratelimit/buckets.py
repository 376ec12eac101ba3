"""Token buckets in this process's memory, which limit how often something may happen.

`loquent/ratelimit/shared.py` keeps the same buckets in Redis, for all processes together.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

# Enough that a flood of one kind does not push out the buckets of another, such as failed logins.
MAX_BUCKETS = 500_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `amount` per `period` seconds in the long run; 0 turns it off."""

    name: str
    amount: int
    period: float
    burst: int

    @property
    def is_off(self) -> bool:
        return self.amount <= 0 or self.burst <= 0


class RateLimiter:
    """Buckets by key. The least recently used are dropped if there are too many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, *wanted: tuple[Rate, str]) -> tuple[Rate, int] | None:
        """Take one token from every bucket, or none at all.

        Return None on success; otherwise the empty rate, and the seconds until it has a token.
        """
        now = self._clock()
        with self._lock:
            filled: list[tuple[tuple[str, str], float]] = []
            for rate, key in wanted:
                if rate.is_off:
                    continue
                level, then = self._buckets.get((rate.name, key), (float(rate.burst), now))
                level = min(rate.burst, level + (now - then) * rate.amount / rate.period)
                # A token that refills in 3 s must be available after 3 s, despite rounding errors.
                if level < 1 - 1e-6:
                    wait = (1 - level) * rate.period / rate.amount
                    return rate, max(1, math.ceil(wait - 1e-7))
                filled.append(((rate.name, key), level))
            for bucket, level in filled:
                self._buckets[bucket] = (level - 1, now)
                self._buckets.move_to_end(bucket)
            while len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        return None

    def give_back(self, *taken: tuple[Rate, str]) -> None:
        """Return the tokens of a `take`, because the action did not happen."""
        with self._lock:
            for rate, key in taken:
                found = self._buckets.get((rate.name, key))
                if found is not None:
                    self._buckets[rate.name, key] = (min(rate.burst, found[0] + 1), found[1])

    def clear(self) -> None:
        """Forget everything (tests)."""
        with self._lock:
            self._buckets.clear()
