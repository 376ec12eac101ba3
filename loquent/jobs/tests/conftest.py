import pytest

from loquent.jobs.tests import tasks


@pytest.fixture(autouse=True)
def _fresh_jobs() -> None:
    tasks.RAN.clear()
    tasks.HELD.clear()
    tasks.RELEASE.clear()
    tasks.ERRORS.clear()
