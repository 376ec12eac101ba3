from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from loquent.jobs.tests import tasks


@pytest.fixture(autouse=True)
def _fresh_jobs() -> None:
    tasks.RAN.clear()
    tasks.HELD.clear()
    tasks.RELEASE.clear()
    tasks.ERRORS.clear()


class Time:
    """The time of day that Django sees; `time.pass_(seconds=5)`."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def pass_(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(timezone, "now", lambda: time.now)
    return time
