"""Run due jobs inside a test, as a worker would, one after the other."""

import uuid

from loquent.jobs.kinds import KINDS
from loquent.jobs.queue import claim_jobs, settle_job

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
