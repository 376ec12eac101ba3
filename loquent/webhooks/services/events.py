"""Record events in the transaction in which they happen."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from loquent.db.compiled import PreparedQuery
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from loquent.webhooks.services.bodies import iso
from loquent.webhooks.services.queue import enqueue_deliveries, first_due_at
from loquent.webhooks.types import ALL_EVENTS, EventType, NewEvent

# How long events can be reconciled, and deliveries resent.
KEPT = timedelta(days=30)
_endpoints = PreparedQuery(
    lambda ids: (
        WebhookEndpoint.objects.filter(organization_id__in=ids)
        .order_by()
        .values_list("organization_id", "id", "enabled", "events")
    )
)


def record_events(events: Sequence[NewEvent]) -> None:
    """Record events, and deliver them to the endpoints that want them once this has committed.

    Does nothing for organizations without a webhook. On the way of a chat message, ask
    `Organization.has_webhooks` first, which is read with the session.
    """
    if not events:
        return
    endpoints = defaultdict(list)
    for organization_id, *endpoint in _endpoints({event.organization_id for event in events}):
        endpoints[organization_id].append(endpoint)
    rows: list[WebhookEvent] = []
    deliveries: list[WebhookDelivery] = []
    for event in events:
        receivers = endpoints.get(event.organization_id)
        if not receivers:
            continue
        row = event_row(event)
        rows.append(row)
        deliveries += [
            new_delivery(endpoint_id, row)
            for endpoint_id, enabled, wanted in receivers
            if enabled and not {ALL_EVENTS, event.type.value}.isdisjoint(wanted)
        ]
    WebhookEvent.objects.bulk_create(rows)
    WebhookDelivery.objects.bulk_create(deliveries)
    enqueue_deliveries(deliveries)


def send_ping(*, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send a test to one endpoint, whatever its `events` are."""
    row = event_row(NewEvent(EventType.PING, endpoint.organization_id))
    delivery = new_delivery(endpoint.id, row)
    with transaction.atomic():
        row.save(force_insert=True)
        delivery.save(force_insert=True)
        enqueue_deliveries([delivery])
    return delivery


def forget_sessions(session_ids: Collection[uuid.UUID]) -> None:
    """Delete the events of conversations, with their deliveries."""
    WebhookEvent.objects.filter(session_id__in=session_ids).delete()


def forget_contact_events(contact_id: uuid.UUID) -> None:
    """Delete the events about a contact, with their deliveries."""
    WebhookEvent.objects.filter(contact_id=contact_id).delete()


def contact_events(
    contact_id: uuid.UUID, session_ids: Iterable[tuple[uuid.UUID]]
) -> list[dict[str, Any]]:
    """Return what is stored of events about a contact and their conversations, for an export."""
    ids = [session_id for (session_id,) in session_ids]
    rows = WebhookEvent.objects.filter(Q(contact_id=contact_id) | Q(session_id__in=ids))
    return [
        {
            "id": str(row.id),
            "type": row.type,
            "timestamp": iso(row),
            "data": row.data,
            "sent_to": [
                delivery.endpoint.host
                for delivery in row.deliveries.all()
                if delivery.sent_at is not None
            ],
        }
        for row in rows.order_by("created_at", "id").prefetch_related("deliveries__endpoint")
    ]


def old_events(*, now: datetime) -> QuerySet[WebhookEvent]:
    """Return the events past their retention period; their deliveries go with them."""
    return WebhookEvent.objects.filter(created_at__lt=now - KEPT)


def event_row(event: NewEvent) -> WebhookEvent:
    return WebhookEvent(
        organization_id=event.organization_id,
        type=event.type.value,
        data=dict(event.data),
        session_id=event.session_id,
        contact_id=event.contact_id,
    )


def new_delivery(endpoint_id: uuid.UUID, event: WebhookEvent) -> WebhookDelivery:
    return WebhookDelivery(endpoint_id=endpoint_id, event=event, next_attempt_at=first_due_at())
