"""Jobs are claimed once, retried by schedule, and recovered from dead workers."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django_tasks.exceptions import InvalidTaskError

from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import KINDS, JobTask
from loquent.jobs.models import Job, JobState
from loquent.jobs.queue import (
    LEASE,
    LOST,
    MOST_LOST,
    ClaimedJob,
    claim_jobs,
    enqueue_periodic,
    measure_jobs,
    old_jobs,
    release_jobs,
    renew_leases,
    retry_job,
    settle_job,
)
from loquent.jobs.tests import tasks
from loquent.organizations.models import Organization
from loquent.testing.clock import Time
from loquent.testing.jobs import lose_due_jobs, run_due_jobs

ME, OTHER = uuid.uuid4(), uuid.uuid4()


def claim(owner: uuid.UUID = ME, room: int = 50) -> list[ClaimedJob]:
    return claim_jobs(owner=owner, room=dict.fromkeys(KINDS, room))


@pytest.mark.django_db(transaction=True)
def test_rollback_drops_the_job() -> None:
    with transaction.atomic():
        tasks.note.enqueue("lost")
        transaction.set_rollback(True)
    with transaction.atomic():
        tasks.note.enqueue("kept")
    assert run_due_jobs() == ["test-note"]
    assert tasks.RAN == ["kept"]


def test_successful_job_is_deleted(db: None) -> None:
    tasks.note.enqueue("a")
    run_due_jobs()
    assert not Job.objects.exists()


def test_ids_are_stored_as_text_and_other_arguments_are_refused(db: None) -> None:
    key = uuid.uuid4()
    enqueue_jobs(tasks.note, [NewJob(args=(key,))])
    assert claim()[0].args == [str(key)]
    for wrong in ({"a": 1}, None, 1.5):
        with pytest.raises(InvalidTaskError):
            enqueue_jobs(tasks.note, [NewJob(args=(wrong,))])  # type: ignore[arg-type]
    with pytest.raises(InvalidTaskError):
        tasks.note.enqueue(word="a")


def test_claimed_job_is_not_claimed_again_during_its_lease(db: None, clock: Time) -> None:
    tasks.note.enqueue("a")
    [job] = claim()
    assert claim(OTHER) == []
    clock.pass_(seconds=LEASE.total_seconds() - 1)
    assert renew_leases(owner=ME, job_ids=[job.id]) == {job.id}
    clock.pass_(seconds=LEASE.total_seconds() - 1)
    assert claim(OTHER) == []


def test_job_of_a_dead_worker_runs_again_and_its_late_result_is_ignored(
    db: None, clock: Time
) -> None:
    tasks.note.enqueue("a")
    [job] = claim()
    clock.pass_(seconds=LEASE.total_seconds())
    [again] = claim(OTHER)
    assert (again.id, again.attempts) == (job.id, 2)
    assert renew_leases(owner=ME, job_ids=[job.id]) == set()
    assert settle_job(job, None) is None
    assert Job.objects.get().state == JobState.RUNNING
    assert settle_job(again, None) == JobState.DONE


def test_job_that_keeps_crashing_workers_fails(db: None, clock: Time) -> None:
    tasks.note.enqueue("a")
    for _ in range(MOST_LOST):
        assert len(claim()) == 1
        clock.pass_(seconds=LEASE.total_seconds())
    assert claim() == []
    row = Job.objects.get()
    assert (row.state, row.error) == (JobState.FAILED, LOST)


@pytest.mark.parametrize("end", [lose_due_jobs, run_due_jobs])
def test_failure_that_cannot_be_noted_holds_no_other_job_up(
    db: None, end: Callable[[], object]
) -> None:
    tasks.unnoted.enqueue("a")
    end()
    tasks.note.enqueue("b")
    assert run_due_jobs() == ["test-note"]
    assert Job.objects.get().state == JobState.FAILED


def test_failing_job_follows_its_retry_schedule_then_fails(db: None, clock: Time) -> None:
    tasks.fail.enqueue("x")
    for delay in (10, 100):
        run_due_jobs()
        row = Job.objects.get()
        assert row.state == JobState.WAITING
        assert 0.9 * delay <= (row.run_at - clock.now).total_seconds() <= 1.1 * delay
        assert "ValueError" in row.error
        assert "secret" not in row.error
        clock.pass_(seconds=0.8 * delay)
        assert run_due_jobs() == []
        clock.pass_(seconds=0.4 * delay)
    run_due_jobs()
    assert Job.objects.get().state == JobState.FAILED
    assert tasks.RAN == ["x"] * 3
    clock.pass_(days=1)
    assert run_due_jobs() == []


def test_retry_starts_the_schedule_again(db: None) -> None:
    tasks.give_up.enqueue()
    run_due_jobs()
    row = Job.objects.get()
    assert (row.state, row.error) == (JobState.FAILED, "The address does not exist.")
    assert retry_job(job_id=row.id)
    assert claim()[0].attempts == 1
    assert not retry_job(job_id=row.id)


def test_job_can_set_its_next_attempt(db: None, clock: Time) -> None:
    tasks.later.enqueue(90)
    for _ in range(20):
        run_due_jobs()
        row = Job.objects.get()
        assert row.state == JobState.WAITING
        assert row.run_at == clock.now + timedelta(seconds=90)
        assert row.error == "The other side is busy."
        clock.pass_(seconds=90)


@pytest.mark.promise(16)
def test_error_after_many_chosen_attempts_does_not_end_the_job(db: None, clock: Time) -> None:
    tasks.later_or_fail.enqueue()
    for _ in range(9):
        run_due_jobs()
        clock.pass_(seconds=90)
    for _ in range(3):
        tasks.ERRORS[:] = [OperationalError("the database restarts")]
        run_due_jobs()
        row = Job.objects.get()
        assert row.state == JobState.WAITING
        assert 9 <= (row.run_at - clock.now).total_seconds() <= 11
        clock.pass_(seconds=11)
        run_due_jobs()
        assert Job.objects.get().run_at == clock.now + timedelta(seconds=90)
        clock.pass_(seconds=90)


@pytest.mark.promise(16)
def test_error_after_many_crashes_does_not_end_the_job(db: None, clock: Time) -> None:
    tasks.fail.enqueue("x")
    for _ in range(10):
        claim()
        clock.pass_(seconds=LEASE.total_seconds())
    run_due_jobs()
    assert Job.objects.get().state == JobState.WAITING


def test_future_job_is_not_claimed(db: None, clock: Time) -> None:
    tasks.note.using(run_after=clock.now + timedelta(minutes=5)).enqueue("a")
    assert run_due_jobs() == []
    clock.pass_(minutes=5)
    assert run_due_jobs() == ["test-note"]


def test_released_jobs_run_at_once_and_the_attempt_does_not_count(db: None) -> None:
    tasks.note.enqueue("a")
    claim()
    release_jobs(owner=ME)
    assert claim(OTHER)[0].attempts == 1


def test_group_limit_spans_workers_and_does_not_delay_other_groups(db: None) -> None:
    enqueue_jobs(tasks.hold, [NewJob(args=(f"dead {n}",), group="dead") for n in range(250)])
    enqueue_jobs(tasks.hold, [NewJob(args=("live",), group="live")])
    tasks.note.enqueue("mail")
    first = claim(room=3)
    second = claim(OTHER)
    words = [job.args[0] for job in first + second]
    assert sorted(words) == ["dead 0", "dead 1", "dead 2", "dead 3", "live", "mail"]
    assert len([job for job in first if job.kind == "test-hold"]) == 3
    settle_job(first[0], None)
    assert [job.args[0] for job in claim(OTHER)] == ["dead 4"]


def test_doubtful_groups_leave_half_of_the_places_to_others(db: None) -> None:
    enqueue_jobs(
        tasks.doubt,
        [NewJob(args=(f"{n}",), group=f"dead {n}") for n in range(60) for _ in range(5)],
    )
    enqueue_jobs(tasks.doubt, [NewJob(args=("live",), group="live") for _ in range(5)])
    first = claim(room=KINDS["test-doubtful"].places)
    # A quarter of the places is filled freely; from then on, each doubtful group gets one.
    counts = Counter(job.args[0] for job in first)
    assert counts == {"0": 3, "1": 1, "2": 1, "3": 1, "4": 1, "5": 1, "live": 3}
    # Also over several workers.
    assert claim(OTHER) == []
    settle_job(next(job for job in first if job.args == ["live"]), None)
    settle_job(next(job for job in first if job.args == ["1"]), None)
    assert sorted(job.args[0] for job in claim(OTHER)) == ["1", "live"]


def test_kinds_of_another_version_stay_in_the_queue(db: None) -> None:
    tasks.note.enqueue("a")
    Job.objects.update(kind="test-unknown", group="test-unknown")
    assert claim() == []
    assert measure_jobs().due == 1


def test_each_period_has_one_job(db: None, clock: Time) -> None:
    enqueue_periodic({})
    known: dict[str, object] = {}
    enqueue_periodic(known)  # type: ignore[arg-type]
    assert Job.objects.filter(kind="test-daily").count() == 1
    ran = run_due_jobs()
    assert ran.count("test-daily") == 1
    clock.pass_(hours=14)
    enqueue_periodic({})
    assert "test-daily" not in run_due_jobs()
    clock.pass_(hours=2)
    enqueue_periodic({})
    assert run_due_jobs().count("test-daily") == 1
    clock.pass_(days=2, seconds=1)
    assert old_jobs(now=clock.now).filter(kind="test-daily").count() == 2


def test_failed_jobs_are_kept_for_30_days(db: None, clock: Time) -> None:
    tasks.give_up.enqueue()
    run_due_jobs()
    clock.pass_(days=30)
    assert not old_jobs(now=clock.now).exists()
    clock.pass_(seconds=1)
    assert old_jobs(now=clock.now).exists()


def test_deleting_an_organization_deletes_its_jobs(acme: Organization) -> None:
    enqueue_jobs(tasks.note, [NewJob(args=("a",), organization_id=acme.id)])
    acme.delete()
    assert not Job.objects.exists()


def test_wait_of_the_oldest_due_job_is_measured(db: None, clock: Time) -> None:
    assert measure_jobs().oldest_seconds == 0
    tasks.note.enqueue("a")
    tasks.give_up.enqueue()
    claim(room=1)
    clock.pass_(seconds=40)
    counts = measure_jobs()
    assert (counts.due, counts.running, counts.failed) == (2, 0, 0)
    assert 25 <= counts.oldest_seconds <= 40


def test_job_waiting_for_its_group_is_not_counted_as_late(db: None, clock: Time) -> None:
    tasks.hold.enqueue("a")
    claim()
    tasks.hold.enqueue("b")
    clock.pass_(seconds=10)
    counts = measure_jobs()
    assert (counts.due, counts.running, counts.oldest_seconds) == (1, 1, 0)


def test_two_functions_cannot_have_one_kind() -> None:
    with pytest.raises(InvalidTaskError):
        JobTask(func=tasks.fail.func, kind="test-note", title="Another")
