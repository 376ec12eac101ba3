"""Clocks for tests."""

from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """A clock that only the test advances: `clock.now += 5`. Seconds, like time.monotonic."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def from_noon(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """Return the same clock, running on from noon UTC today."""
    now = clock()
    ahead = now.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - now
    return lambda: clock() + ahead


def zone_by_day() -> str:
    """Return a time zone whose midnight is at least six hours away, for other processes."""
    return "UTC" if 6 <= datetime.now(UTC).hour < 18 else "Pacific/Fiji"
