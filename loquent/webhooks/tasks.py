"""The job that delivers an event to an endpoint."""

import uuid
from collections.abc import Collection

from django.db.models import Q
from django_tasks import task

from loquent.db.threads import in_database
from loquent.jobs.kinds import RetryLater
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.deliveries import (
    begin_delivery,
    end_delivery,
    fail_delivery,
    revive_delivery,
)
from loquent.webhooks.services.queue import KIND
from loquent.webhooks.transport import send

# Per endpoint, on all workers together.
AT_ONCE = 4
# Per worker. A request that is not answered occupies one for 15 seconds.
PLACES = 200


def describe(delivery_ids: list[str]) -> dict[str, str]:
    """Return what deliveries are and where to, for staff, by their ids."""
    rows = WebhookDelivery.objects.filter(id__in=delivery_ids).select_related("endpoint", "event")
    return {str(row.id): f"{row.event.type} to {row.endpoint.host}" for row in rows}


def doubtful(endpoint_ids: Collection[str]) -> set[str]:
    """Return the endpoints whose last request failed, or that never answered one."""
    rows = WebhookEndpoint.objects.filter(id__in=endpoint_ids, enabled=True)
    rows = rows.filter(Q(failing_since__isnull=False) | Q(last_success_at=None))
    return {str(endpoint_id) for endpoint_id in rows.order_by().values_list("id", flat=True)}


@task(
    kind=KIND,
    title="Deliver a webhook",
    at_once=AT_ONCE,
    places=PLACES,
    doubtful=doubtful,
    timeout=30.0,
    describe=describe,
    on_failure=fail_delivery,
    on_retry=revive_delivery,
)
async def deliver_webhook(delivery_id: str, run: int) -> None:
    """Make one attempt of a delivery; the delivery's row says when there is another one.

    If the worker ends between the receiver's answer and the commit, the event is sent twice.
    """
    key = uuid.UUID(delivery_id)
    attempt = await in_database(begin_delivery, delivery_id=key, run=run)
    if attempt is None:
        return
    answer = await send(attempt)
    delay = await in_database(
        end_delivery, delivery_id=key, run=run, url=attempt.url, answer=answer
    )
    if delay is not None:
        raise RetryLater(answer.error, seconds=delay)
