"""Enqueue deliveries as jobs, which `tasks.py` runs."""

import random
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import JITTER, KINDS
from loquent.jobs.models import Job, JobState
from loquent.webhooks.models import WebhookDelivery

KIND = "webhook"


def enqueue_deliveries(deliveries: Sequence[WebhookDelivery]) -> None:
    """Enqueue a job for each delivery, due at its next attempt, in the caller's transaction.

    The jobs of an endpoint are a group of their own, so that they delay no other endpoint's.
    """
    jobs = [
        NewJob(
            args=(delivery.id, delivery.run),
            organization_id=delivery.event.organization_id,
            group=str(delivery.endpoint_id),
            run_at=delivery.next_attempt_at,
        )
        for delivery in deliveries
    ]
    enqueue_jobs(KINDS[KIND], jobs)


def drop_failed_jobs(endpoint_id: uuid.UUID, delivery_ids: Collection[uuid.UUID]) -> None:
    """Delete the failed jobs of deliveries that are sent again by new ones.

    One that staff retry at this moment is left alone: it waits for the deliveries, which are
    locked, and then does nothing.
    """
    failed = Job.objects.filter(group=f"{KIND}:{endpoint_id}", state=JobState.FAILED)
    rows = failed.select_for_update(skip_locked=True, of=("self",)).values_list("id", "args")
    again = {str(delivery_id) for delivery_id in delivery_ids}
    Job.objects.filter(id__in=[job_id for job_id, args in rows if args[0] in again]).delete()


def first_due_at() -> datetime:
    """Return the time of the first attempt of a delivery that starts now."""
    return due_at(float(settings.WEBHOOK_RETRY_SECONDS[0]))


def delay_after(attempts: int, *, retry_after: float | None = None) -> float | None:
    """Return the seconds until the next attempt after so many, or None if there is none.

    The receiver's Retry-After can make it later, by a day at most.
    """
    if attempts >= len(settings.WEBHOOK_RETRY_SECONDS):
        return None
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    delay = float(settings.WEBHOOK_RETRY_SECONDS[attempts]) * spread
    return max(delay, min(retry_after or 0.0, timedelta(days=1).total_seconds()))


def due_at(seconds: float) -> datetime:
    """Return the time in so many seconds."""
    return timezone.now() + timedelta(seconds=seconds)
