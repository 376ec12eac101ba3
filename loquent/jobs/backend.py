"""The backend of Django's Tasks API: `enqueue` inserts a row in the caller's transaction."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from django_tasks.exceptions import InvalidTaskError

from loquent.jobs.kinds import JobTask
from loquent.jobs.models import Job
from loquent.jobs.waking import wake


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to enqueue.

    args: ids of rows. organization_id: owners of it see a failure. group: jobs of one group
    share the limit of their kind; empty: all jobs of the kind. run_at: None for now. slot: a second
    job for the same slot is dropped.
    """

    args: tuple[uuid.UUID | str | int, ...] = ()
    organization_id: uuid.UUID | None = None
    group: str = ""
    run_at: datetime | None = None
    slot: str | None = None


def enqueue_jobs(task: Task[Any, Any], jobs: Iterable[NewJob]) -> None:
    """Insert jobs by one statement, in the caller's transaction: a rollback drops them."""
    if not isinstance(task, JobTask):
        raise InvalidTaskError("This task belongs to another backend.")
    rows = [_row(task, job) for job in jobs]
    Job.objects.bulk_create(rows, ignore_conflicts=any(row.slot for row in rows))
    if rows:
        transaction.on_commit(wake)


def _row(task: JobTask[Any, Any], job: NewJob) -> Job:
    args = [str(value) if isinstance(value, uuid.UUID) else value for value in job.args]
    if not all(isinstance(value, str | int) for value in args):
        raise InvalidTaskError("The arguments of a job are ids.")
    return Job(
        kind=task.kind,
        args=args,
        group=f"{task.kind}:{job.group}" if job.group else task.kind,
        organization_id=job.organization_id,
        run_at=job.run_at or timezone.now(),
        slot=f"{task.kind}@{job.slot}" if job.slot else None,
    )


class JobBackend(BaseTaskBackend):
    """Keeps jobs in the table `Job`, for the workers of loquent/jobs/runner.py.

    Results are not kept: a job writes what it has done into the rows that it is about.
    """

    task_class = JobTask
    supports_defer = True
    supports_async_task = True

    def validate_task(self, task: Task[Any, Any]) -> None:
        super().validate_task(task)
        if task.takes_context:
            raise InvalidTaskError("Jobs get no context: they read their rows.")

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        """Insert one job; use `enqueue_jobs` for options that Django's interface lacks."""
        self.validate_task(task)
        if kwargs:
            raise InvalidTaskError("Pass the ids of a job by position.")
        enqueue_jobs(task, [NewJob(args=tuple(args), run_at=task.run_after)])
        return TaskResult(
            task=task,
            id="",
            status=TaskResultStatus.READY,
            enqueued_at=timezone.now(),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=[str(value) for value in args],
            kwargs={},
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
