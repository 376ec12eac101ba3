"""Clocks for tests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that only the test advances: `clock.now += 5`. Seconds, like time.monotonic."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Time:
    """The time of day that Django sees; `clock.pass_(seconds=5)`."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def pass_(self, **how_long: float) -> None:
        """Advance it, by the arguments of a timedelta."""
        self.now += timedelta(**how_long)


def from_noon(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """Return the same clock, running on from noon UTC today."""
    now = clock()
    ahead = now.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - now
    return lambda: clock() + ahead


def zone_by_day() -> str:
    """Return a time zone whose midnight is at least six hours away, for other processes."""
    return "UTC" if 6 <= datetime.now(UTC).hour < 18 else "Pacific/Fiji"
