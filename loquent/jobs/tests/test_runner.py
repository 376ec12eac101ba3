"""A worker runs jobs side by side, soon after the commit, and drains when it is told to end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from django.db import DatabaseError
from django.utils import timezone

from loquent.db.threads import in_database
from loquent.jobs import runner as module
from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import KINDS
from loquent.jobs.models import Job, JobState
from loquent.jobs.queue import settle_job
from loquent.jobs.runner import JobRunner
from loquent.jobs.tests import tasks
from loquent.testing.threads import settle_database_threads
from loquent.testing.waiting import eventually


@pytest.fixture
def renews_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name it before `runner`, which waits for the first time when it starts."""
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.05)


@pytest.fixture
async def runner(transactional_db: None) -> AsyncIterator[JobRunner]:
    runner = JobRunner()
    runner.start()
    yield runner
    tasks.RELEASE.set()
    await runner.drain(grace_seconds=20)
    settle_database_threads()


def states() -> dict[str, str]:
    return dict(Job.objects.filter(slot=None).values_list("kind", "state"))


async def test_job_of_the_same_process_runs_without_waiting_for_the_poll(
    runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 3_600)

    async def looked() -> None:
        assert runner._slots

    await eventually(looked)
    await in_database(tasks.note.enqueue, "a")

    async def ran() -> None:
        assert tasks.RAN.count("a") == 1

    await eventually(ran)


async def test_jobs_of_one_kind_do_not_delay_another(runner: JobRunner) -> None:
    held = [NewJob(args=(f"{n}",), group=f"{n}") for n in range(60)]
    await in_database(enqueue_jobs, tasks.hold, held)

    async def all_held() -> None:
        assert len(tasks.HELD) == KINDS["test-hold"].places

    await eventually(all_held)
    await in_database(tasks.note.enqueue, "mail")

    async def ran() -> None:
        assert tasks.RAN == ["mail"]

    await eventually(ran)
    tasks.RELEASE.set()

    async def all_ran() -> None:
        assert len(tasks.RAN) == 61

    await eventually(all_ran)


async def test_hanging_asynchronous_job_fails(runner: JobRunner) -> None:
    await in_database(tasks.slow.enqueue)

    async def failed() -> None:
        assert await in_database(states) == {"test-slow": JobState.FAILED}

    await eventually(failed)
    row = await Job.objects.aget(kind="test-slow")
    assert row.error == "It took too long."


async def test_drain_waits_for_running_jobs_and_starts_no_others(runner: JobRunner) -> None:
    await in_database(tasks.hold_thread.enqueue, "running")

    async def held() -> None:
        assert tasks.HELD == ["running"]

    await eventually(held)
    draining = asyncio.create_task(runner.drain(grace_seconds=20))
    await asyncio.sleep(0)
    await in_database(tasks.note.enqueue, "later")
    tasks.RELEASE.set()
    assert await draining
    assert tasks.RAN == ["running"]
    assert await in_database(states) == {"test-note": JobState.WAITING}


async def test_drain_returns_unfinished_jobs_to_the_queue(runner: JobRunner) -> None:
    await in_database(tasks.hold.enqueue, "long")

    async def held() -> None:
        assert tasks.HELD == ["long"]

    await eventually(held)
    assert not await runner.drain(grace_seconds=0.01)
    row = await Job.objects.aget(kind="test-hold")
    assert (row.state, row.attempts, row.owner) == (JobState.WAITING, 0, None)


async def test_job_result_is_recorded_when_the_database_is_back(
    runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def settle(*args: object) -> object:
        calls.append(args)
        if len(calls) == 1:
            raise DatabaseError
        return settle_job(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "settle_job", settle)
    monkeypatch.setattr(module, "SETTLE_PAUSE_SECONDS", 0.01)
    await in_database(tasks.note.enqueue, "once")

    async def gone() -> None:
        assert await in_database(states) == {}

    await eventually(gone)
    assert tasks.RAN == ["once"]


async def test_job_whose_lease_expired_in_its_own_process_is_not_started_again(
    runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW_SECONDS", 3_600)
    await in_database(tasks.hold.enqueue, "once")

    async def held() -> None:
        assert tasks.HELD == ["once"]

    await eventually(held)
    # As after a time in which the event loop was blocked.
    await Job.objects.filter(kind="test-hold").aupdate(lease_until=timezone.now())
    await in_database(tasks.note.enqueue, "looked again")

    async def looked() -> None:
        assert tasks.RAN == ["looked again"]

    await eventually(looked)
    row = await Job.objects.aget(kind="test-hold")
    assert (tasks.HELD, row.attempts, row.lost) == (["once"], 1, 0)


async def test_lost_lease_cancels_the_job(renews_often: None, runner: JobRunner) -> None:
    await in_database(tasks.hold.enqueue, "mine")

    async def held() -> None:
        assert tasks.HELD == ["mine"]

    await eventually(held)
    await Job.objects.filter(kind="test-hold").aupdate(attempts=7, owner="0" * 32)

    async def cancelled() -> None:
        assert runner._running == {}

    await eventually(cancelled)
    assert (await Job.objects.aget(kind="test-hold")).attempts == 7
