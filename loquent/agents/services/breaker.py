"""A circuit breaker: stops calling an endpoint that fails every turn."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loquent.agents.types import BackendError

logger = logging.getLogger(__name__)

FAILURES = 10
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
REMEMBERED = 1_000


class Breaker:
    """The breaker of one endpoint. Closed: turns run. Open: they fail at once, except probes.

    It opens after FAILURES failed turns in a row, and closes with the first turn that succeeds.
    The pause doubles with each probe that fails.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.0),  # noqa: S311
    ) -> None:
        """`name`: for the log. `clock`: seconds. `jitter`: a factor of 1 or less for each pause."""
        self.name = name
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._pause = 0.0
        self._probe_at: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Return whether calls fail without being tried."""
        return self._probe_at is not None

    def check(self) -> None:
        """Raise BackendError if a turn would fail at once."""
        if self._probe_at is None:
            return
        wait = self._probe_at - self._clock()
        if wait > 0 or self._is_probing:
            raise BackendError(
                "the endpoint keeps failing and is not called for a while",
                permanent=False,
                is_outage=False,
                retry_after=max(wait, 1.0),
            )

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Admit a turn, or raise as `check` does; the block's outcome is that of the turn.

        A block that ends early (the visitor stopped the answer) does not count, nor does an error
        that is no outage.
        """
        self.check()
        is_probe = self._is_probing = self.is_open
        outcome: bool | None = None
        try:
            yield
            outcome = True
        except BackendError as error:
            outcome = False if error.is_outage else None
            raise
        finally:
            if is_probe:
                self._is_probing = False
            if outcome is True:
                self._succeeded()
            elif outcome is False:
                self._failed(is_probe=is_probe)

    def _succeeded(self) -> None:
        self._failures = 0
        if self._probe_at is not None:
            self._probe_at = None
            logger.warning("The model endpoint %s answers again.", self.name)

    def _failed(self, *, is_probe: bool) -> None:
        self._failures += 1
        if is_probe:
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        elif self._probe_at is None and self._failures >= FAILURES:
            self._pause = FIRST_PAUSE_SECONDS
            logger.error(
                "The model endpoint %s failed %s turns in a row: it is no longer called, "
                "except for a probe from time to time.",
                self.name,
                self._failures,
            )
        else:
            return
        self._probe_at = self._clock() + self._pause * self._jitter()


class Breakers:
    """The breaker of each endpoint of this process."""

    def __init__(self) -> None:
        self._breakers: dict[tuple[str, str], Breaker] = {}

    def get(self, provider: str, endpoint: str) -> Breaker:
        """Return the breaker of a provider's endpoint.

        Staff choose the addresses of connections freely, so the number is bounded.
        """
        key = (provider, endpoint)
        if key not in self._breakers:
            if len(self._breakers) >= REMEMBERED:
                self._breakers = {k: each for k, each in self._breakers.items() if each.is_open}
            if len(self._breakers) >= REMEMBERED:
                self._breakers.clear()
            self._breakers[key] = Breaker(provider)
        return self._breakers[key]

    def count_open(self) -> int:
        """Return how many breakers are open."""
        return sum(breaker.is_open for breaker in self._breakers.values())

    def clear(self) -> None:
        """Forget everything (tests)."""
        self._breakers.clear()


breakers = Breakers()
