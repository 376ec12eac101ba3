"""Claim due jobs, renew their leases, and record how they ended."""

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import KINDS, GiveUp, RetryLater
from loquent.jobs.limits import GroupLimits
from loquent.jobs.models import Job, JobState

logger = logging.getLogger(__name__)

# A worker renews its leases every RENEW_SECONDS; a job of a dead worker runs again within LEASE.
LEASE = timedelta(seconds=15)
RENEW_SECONDS = 3.0
# A job during which this many workers disappeared probably crashes them.
MOST_LOST = 25
LOST = f"The worker stopped {MOST_LOST} times while it ran this job."
TIMED_OUT = "It took too long."
DELETED = "Its background job was deleted."
PAGE = 100
# An arbitrary number: PostgreSQL's advisory lock for claims.
CLAIM_LOCK = 7_105_001
DONE_KEPT = timedelta(days=2)
FAILED_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this worker runs; `attempts` identifies this attempt.

    failures: unexpected errors in a row before it.
    """

    id: uuid.UUID
    kind: str
    args: list[Any]
    attempts: int
    failures: int
    owner: uuid.UUID


def claim_jobs(
    *, owner: uuid.UUID, room: Mapping[str, int], running: Collection[uuid.UUID] = ()
) -> list[ClaimedJob]:
    """Claim due jobs, oldest first, at most `room[kind]` of each kind.

    No group gets more than the `at_once` of its kind on all workers together: its further jobs are
    passed over, and delay no other group's. Kinds that this version doesn't know stay for others.
    `running`: the jobs that this worker still runs, although their leases may have expired.
    """
    now = timezone.now()
    due = _due(now).exclude(id__in=running)
    if not due.filter(kind__in=[kind for kind, count in room.items() if count > 0]).exists():
        return []
    with transaction.atomic():
        _claim_alone()
        chosen = _choose(due, now, dict(room))
        poison = {row.id: row for row in chosen if _is_orphan(row) and row.lost + 1 >= MOST_LOST}
        Job.objects.filter(id__in=poison).update(
            state=JobState.FAILED, error=LOST, owner=None, lease_until=None, updated_at=now
        )
        for row in poison.values():
            _note_failure(row.kind, row.args, LOST)
        orphans = [row.id for row in chosen if _is_orphan(row)]
        _due(now).filter(id__in=orphans).update(lost=F("lost") + 1)
        ids = [row.id for row in chosen if row.id not in poison]
        _due(now).filter(id__in=ids).update(
            state=JobState.RUNNING,
            owner=owner,
            lease_until=now + LEASE,
            attempts=F("attempts") + 1,
            updated_at=now,
        )
    # On SQLite, the transaction excludes other writers from its start.
    return [
        ClaimedJob(row.id, row.kind, row.args, row.attempts + 1, row.failures, owner)
        for row in chosen
        if row.id not in poison
    ]


def _due(now: datetime) -> QuerySet[Job]:
    return Job.objects.filter(
        Q(state=JobState.WAITING, run_at__lte=now) | Q(state=JobState.RUNNING, lease_until__lte=now)
    )


def _is_orphan(row: Job) -> bool:
    return row.state == JobState.RUNNING


def _claim_alone() -> None:
    """Count and claim without another worker in between, or two would exceed a group's limit."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])


def _choose(due: QuerySet[Job], now: datetime, room: dict[str, int]) -> list[Job]:
    live = Job.objects.filter(state=JobState.RUNNING, lease_until__gt=now)
    limits = GroupLimits(dict(live.values_list("group").annotate(Count("id")).order_by()))
    full = limits.full()
    chosen: list[Job] = []
    while kinds := [kind for kind, count in room.items() if count > 0]:
        rows = (
            due.filter(kind__in=kinds)
            .exclude(group__in=full)
            .exclude(id__in=[row.id for row in chosen])
            .order_by("run_at", "created_at")
        )
        page = list(rows.select_for_update(skip_locked=True)[:PAGE])
        limits.look_up(row.group for row in page)
        for row in page:
            if limits.is_full(row.group):
                full.add(row.group)
            elif room[row.kind] > 0:
                chosen.append(row)
                room[row.kind] -= 1
                limits.add(row.group)
        if len(page) < PAGE:
            break
    return chosen


def renew_leases(*, owner: uuid.UUID, job_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Renew the leases of a worker's jobs; return those that are still its own."""
    mine = Job.objects.filter(id__in=job_ids, owner=owner, state=JobState.RUNNING)
    mine.update(lease_until=timezone.now() + LEASE)
    return set(mine.values_list("id", flat=True))


def release_jobs(*, owner: uuid.UUID) -> None:
    """Return the jobs of a worker that shuts down, for others to run now."""
    Job.objects.filter(owner=owner, state=JobState.RUNNING).update(
        state=JobState.WAITING,
        owner=None,
        lease_until=None,
        run_at=timezone.now(),
        attempts=F("attempts") - 1,
        lost=0,
    )


def settle_job(job: ClaimedJob, error: BaseException | None) -> JobState | None:
    """Record the end of an attempt; return the job's state, or None if it is no longer ours."""
    row = Job.objects.filter(
        id=job.id, owner=job.owner, attempts=job.attempts, state=JobState.RUNNING
    )
    now = timezone.now()
    ended: dict[str, Any] = {"owner": None, "lease_until": None, "lost": 0, "updated_at": now}
    if error is None:
        done = row.filter(slot=None).delete()[0] or row.update(
            state=JobState.DONE, error="", **ended
        )
        return JobState.DONE if done else None
    delay = delay_after(job, error)
    ended["failures"] = 0 if isinstance(error, RetryLater) else job.failures + 1
    if delay is None:
        with transaction.atomic():
            if not row.update(state=JobState.FAILED, error=reason_of(error), **ended):
                return None
            _note_failure(job.kind, job.args, reason_of(error))
        return JobState.FAILED
    waits = row.update(
        state=JobState.WAITING,
        run_at=now + timedelta(seconds=delay),
        error=reason_of(error),
        **ended,
    )
    return JobState.WAITING if waits else None


def _note_failure(kind: str, args: list[Any], reason: str) -> None:
    """Write into the domain row of a job that the job has failed for good."""
    on_failure = KINDS[kind].on_failure
    if on_failure is None:
        return
    try:
        with transaction.atomic():
            on_failure(args, reason)
    except Exception as error:  # noqa: BLE001 - other jobs must not wait because of this one
        logger.warning("The end of a job of kind %s was not noted: %s", kind, type(error).__name__)


def delay_after(job: ClaimedJob, error: BaseException) -> float | None:
    """Return the seconds until the next attempt, or None if this was the last one."""
    if isinstance(error, GiveUp):
        return None
    if isinstance(error, RetryLater):
        return max(error.seconds, 0)
    return KINDS[job.kind].delay_after(job.failures + 1)


def reason_of(error: BaseException) -> str:
    """Return the reason for staff. The text of other exceptions may contain secrets."""
    if isinstance(error, GiveUp | RetryLater):
        return error.reason
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    return f"An unexpected error ({type(error).__name__}). The server's log has the details."


def retry_job(*, job_id: uuid.UUID) -> bool:
    """Run a failed or waiting job now, with all its attempts; return False if it is neither."""
    with transaction.atomic():
        rows = Job.objects.filter(id=job_id, state__in=[JobState.FAILED, JobState.WAITING])
        row = rows.select_for_update(of=("self",)).first()
        if row is None:
            return False
        now = timezone.now()
        rows.update(
            state=JobState.WAITING, run_at=now, attempts=0, lost=0, failures=0, updated_at=now
        )
        on_retry = KINDS[row.kind].on_retry if row.kind in KINDS else None
        if on_retry is not None and row.state == JobState.FAILED:
            on_retry(row.args)
    return True


def delete_job(*, job_id: uuid.UUID) -> None:
    """Delete a job on behalf of staff; the domain row of one that has not ended says so."""
    with transaction.atomic():
        row = Job.objects.select_for_update(of=("self",)).filter(id=job_id).first()
        if row is None:
            return
        if row.state in {JobState.WAITING, JobState.RUNNING} and row.kind in KINDS:
            _note_failure(row.kind, row.args, DELETED)
        row.delete()


def enqueue_periodic(known: dict[str, datetime]) -> None:
    """Insert the jobs of the periods that have begun; `known`: those inserted before, by kind."""
    now = timezone.now()
    for task in KINDS.values():
        slot = task.current_slot(now)
        if slot is not None and known.get(task.kind) != slot:
            enqueue_jobs(task, [NewJob(slot=slot.isoformat())])
            known[task.kind] = slot


def old_jobs(*, now: datetime) -> QuerySet[Job]:
    """Return the jobs past their retention period."""
    return Job.objects.filter(
        Q(state=JobState.DONE, updated_at__lt=now - DONE_KEPT)
        | Q(state=JobState.FAILED, updated_at__lt=now - FAILED_KEPT)
    )


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Jobs by state; `oldest_seconds`: how long the oldest due job has waited, 0 without one.

    A job that waits because its group is busy doesn't count as the oldest.
    """

    due: int
    running: int
    failed: int
    oldest_seconds: float


def measure_jobs() -> JobCounts:
    """Return the state of the queue; jobs of dead workers count as due."""
    now = timezone.now()
    due = _due(now)
    live = Job.objects.filter(state=JobState.RUNNING, lease_until__gt=now)
    idle = due.exclude(group__in=live.values("group"))
    oldest = idle.order_by("run_at").values_list("run_at", flat=True).first()
    return JobCounts(
        due=due.count(),
        running=live.count(),
        failed=Job.objects.filter(state=JobState.FAILED).count(),
        oldest_seconds=(now - oldest).total_seconds() if oldest else 0.0,
    )
