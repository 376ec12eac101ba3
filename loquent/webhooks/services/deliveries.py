"""Begin, finish and resend deliveries."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from loquent.webhooks.services.bodies import write_body
from loquent.webhooks.services.endpoints import disable_endpoint, send_again
from loquent.webhooks.services.queue import delay_after, due_at
from loquent.webhooks.services.secrets import sign, signing_keys
from loquent.webhooks.types import DeliveryStatus, DisabledReason

# With nothing but failures for so long, an endpoint is disabled.
FAILING = timedelta(days=5)
USER_AGENT = "Loquent-Webhooks/1"
GONE = 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request to make."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request ended.

    status: of HTTP, None if none came; text: how the answer begins; error: why it failed, for
    staff, empty for a success; retry_after: the receiver's wish, in seconds.
    """

    status: int | None
    duration_ms: int
    text: str = ""
    error: str = ""
    retry_after: float | None = None


def begin_delivery(*, delivery_id: uuid.UUID, run: int) -> Attempt | None:
    """Return the request to make now; None if there is nothing to send.

    A disabled endpoint keeps its deliveries: enabling it sends them.
    """
    rows = WebhookDelivery.objects.select_related("endpoint", "event")
    delivery = rows.filter(id=delivery_id, run=run, status=DeliveryStatus.PENDING).first()
    if delivery is None:
        return None
    if not delivery.endpoint.enabled:
        WebhookDelivery.objects.filter(id=delivery_id, run=run).update(next_attempt_at=None)
        return None
    return write_attempt(delivery.endpoint, delivery.event, now=timezone.now())


def write_attempt(endpoint: WebhookEndpoint, event: WebhookEvent, *, now: datetime) -> Attempt:
    """Return the request that delivers an event to an endpoint at this time."""
    body = write_body(endpoint, event)
    timestamp = int(now.timestamp())
    signatures = [
        sign(key, event_id=str(event.id), timestamp=timestamp, body=body)
        for key in signing_keys(endpoint, now=now)
    ]
    headers = {
        "Content-Type": "application/json",
        # Staff read how the answer begins.
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
        "webhook-id": str(event.id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
    return Attempt(endpoint.url, headers, body)


def end_delivery(*, delivery_id: uuid.UUID, run: int, url: str, answer: Answer) -> float | None:
    """Record an attempt; return the seconds until the next one, None if there is none.

    url: where the request went. The endpoint's URL may have been changed in the meantime: its
    health is that of the new one, and 410 of the old one does not end the delivery.
    """
    now = timezone.now()
    mine = WebhookDelivery.objects.filter(id=delivery_id, run=run, status=DeliveryStatus.PENDING)
    endpoint_id = mine.values_list("endpoint_id", flat=True).first()
    if endpoint_id is None:
        return None
    # In a transaction of its own: enabling locks the endpoint first, and then its deliveries.
    _note_health(endpoint_id, url, answer, now)
    is_gone = answer.status == GONE and _asked(endpoint_id, url).exists()
    with transaction.atomic():
        row = mine.select_for_update(of=("self",)).first()
        if row is None:
            return None
        delay = None
        row.attempts += 1
        row.sent_at, row.duration_ms = now, answer.duration_ms
        row.response_status, row.response, row.error = answer.status, answer.text, answer.error
        if not answer.error:
            row.status = DeliveryStatus.SUCCEEDED
        elif not is_gone:
            delay = delay_after(row.attempts, retry_after=answer.retry_after)
        if answer.error and delay is None:
            row.status = DeliveryStatus.FAILED
        row.next_attempt_at = None if delay is None else due_at(delay)
        row.save()
    return delay


def _asked(endpoint_id: uuid.UUID, url: str) -> QuerySet[WebhookEndpoint]:
    """Return the endpoint, if this is still its URL."""
    return WebhookEndpoint.objects.filter(id=endpoint_id, url=url)


def _note_health(endpoint_id: uuid.UUID, url: str, answer: Answer, now: datetime) -> None:
    endpoint = _asked(endpoint_id, url)
    if not answer.error:
        # Not on each success: those of one endpoint would wait for each other.
        stale = Q(last_success_at=None) | Q(last_success_at__lt=now - timedelta(minutes=1))
        endpoint.filter(stale | Q(failing_since__isnull=False)).update(
            failing_since=None, last_success_at=now
        )
        return
    endpoint.filter(failing_since=None).update(failing_since=now)
    if answer.status == GONE:
        disable_endpoint(endpoint_id=endpoint_id, url=url, reason=DisabledReason.GONE)
    elif endpoint.filter(failing_since__lte=now - FAILING).exists():
        disable_endpoint(endpoint_id=endpoint_id, url=url, reason=DisabledReason.FAILING)


def fail_delivery(args: list[Any], reason: str) -> None:
    """Record that nothing will send a delivery, unless staff resend it or retry its job."""
    delivery_id, run = args
    mine = WebhookDelivery.objects.filter(id=delivery_id, run=run, status=DeliveryStatus.PENDING)
    mine.update(
        status=DeliveryStatus.FAILED, error=reason, next_attempt_at=None, updated_at=timezone.now()
    )


def revive_delivery(args: list[Any]) -> None:
    """Take `fail_delivery` back: its job runs again, now."""
    delivery_id, run = args
    now = timezone.now()
    mine = WebhookDelivery.objects.filter(id=delivery_id, run=run, status=DeliveryStatus.FAILED)
    mine.update(status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=now, updated_at=now)


def resend_delivery(*, delivery: WebhookDelivery) -> WebhookDelivery:
    """Deliver an event once more, with all attempts, under the same `webhook-id`."""
    with transaction.atomic():
        if not send_again(WebhookDelivery.objects.filter(id=delivery.id), delivery.endpoint):
            raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such webhook delivery.")
    return WebhookDelivery.objects.select_related("event").get(id=delivery.id)


def resend_failed(*, endpoint: WebhookEndpoint, since: datetime | None = None) -> int:
    """Deliver all that failed, or that failed and were created since; return how many."""
    with transaction.atomic():
        failed = WebhookDelivery.objects.filter(status=DeliveryStatus.FAILED)
        return send_again(failed, endpoint, since=since)
