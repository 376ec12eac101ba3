"""Run due jobs inside a test, as a worker would, one after the other."""

import uuid

from django.utils import timezone

from loquent.jobs.kinds import KINDS
from loquent.jobs.models import Job, JobState
from loquent.jobs.queue import MOST_LOST, claim_jobs, settle_job

ROOM = 50


def run_due_jobs() -> list[str]:
    """Run all jobs that are due, and those that they enqueue; return their kinds in order."""
    owner, ran = uuid.uuid4(), []
    while jobs := claim_jobs(owner=owner, room=dict.fromkeys(KINDS, ROOM)):
        for job in jobs:
            error: Exception | None = None
            try:
                KINDS[job.kind].call(*job.args)
            except Exception as failure:  # noqa: BLE001 - the job's state says so
                error = failure
            settle_job(job, error)
            ran.append(job.kind)
    return ran


def lose_due_jobs() -> None:
    """Let every due job fail for good, because workers keep disappearing while they run it."""
    room = dict.fromkeys(KINDS, ROOM)
    claim_jobs(owner=uuid.uuid4(), room=room)
    running = Job.objects.filter(state=JobState.RUNNING)
    running.update(lost=MOST_LOST - 1, lease_until=timezone.now())
    claim_jobs(owner=uuid.uuid4(), room=room)
    assert not running.exists()
