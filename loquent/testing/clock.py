"""Clocks for tests."""

from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Stands still until the test moves it: `clock.now += 5`. Seconds, as time.monotonic gives."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def from_noon(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """The same clock, which goes on from noon, UTC, of today."""
    now = clock()
    ahead = now.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - now
    return lambda: clock() + ahead


def zone_by_day() -> str:
    """A time zone in which midnight is six hours away or more: for other processes' days."""
    return "UTC" if 6 <= datetime.now(UTC).hour < 18 else "Pacific/Fiji"
