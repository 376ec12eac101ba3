"""Check that background jobs are run."""

from django.conf import settings
from django.db import DatabaseError

from loquent.jobs.queue import measure_jobs
from loquent.management.doctor.findings import Findings, fail, ok, warn

LATE_SECONDS = 60


def check_jobs() -> Findings:
    """Check how long the oldest due job has waited, and whether jobs have failed."""
    try:
        jobs = measure_jobs()
    except DatabaseError:
        # The checks of the database report why.
        return
    if jobs.oldest_seconds > LATE_SECONDS:
        minutes = round(jobs.oldest_seconds / 60)
        where = "the server" if settings.JOBS_IN_SERVER else "`manage.py work`"
        yield fail(
            "jobs",
            f"{jobs.due} background jobs are due, the oldest for {minutes} minutes: mail, for "
            "example, is not sent.",
            f"Start {where}, or look at its log.",
        )
    elif jobs.failed:
        yield warn(
            "jobs",
            f"{jobs.failed} background jobs have failed.",
            "See why, and retry them, in the admin: Settings, Background jobs.",
        )
    else:
        yield ok("jobs", "Background jobs run.")
