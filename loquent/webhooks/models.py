"""The tables of webhooks."""

import uuid

from django.db import models
from django.db.models import Q

from loquent.db.models import BaseModel
from loquent.egress.urls import MAX_URL
from loquent.organizations.audit import audit
from loquent.webhooks.types import DeliveryStatus, DisabledReason, EventType, Format


class WebhookEndpoint(BaseModel):
    """An external program that receives events."""

    organization = models.ForeignKey(
        "organizations.Organization", on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.CharField("URL", max_length=MAX_URL)
    events = models.JSONField(default=list)
    format = models.CharField(max_length=16, choices=Format.choices, default=Format.STANDARD)
    include_text = models.BooleanField(
        default=False,
        help_text="Send what visitors and agents write, and contacts' details, to this address.",
    )
    enabled = models.BooleanField(default=True)
    description = models.CharField(max_length=200, blank=True)
    # The secret is derived from the number (services/secrets.py), and never stored.
    secret_number = models.PositiveIntegerField(default=1, editable=False)
    # Earlier numbers that still sign, and until when: [[1, "2026-01-05T09:30:00+00:00"]].
    retired_secrets = models.JSONField(default=list, editable=False)
    # The first failure after the last success.
    failing_since = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField("last success", null=True, editable=False)
    disabled_reason = models.CharField(
        max_length=16, choices=DisabledReason.choices, blank=True, editable=False
    )

    class Meta:
        verbose_name = "webhook"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(format__in=Format.values), name="webhook_format_known"
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.host

    @property
    def host(self) -> str:
        """Return the host of the URL, whose path may be a secret."""
        return self.url.partition("://")[2].partition("/")[0].partition("?")[0]


class WebhookEvent(BaseModel):
    """Something that happened; its id is the `webhook-id`. Without any text of a conversation."""

    organization = models.ForeignKey(
        "organizations.Organization", on_delete=models.CASCADE, related_name="webhook_events"
    )
    type = models.CharField(max_length=32, choices=EventType.choices)
    data = models.JSONField(default=dict)
    # Not foreign keys: this app knows neither table. Their services delete the events.
    session_id = models.UUIDField(null=True)
    contact_id = models.UUIDField(null=True)

    class Meta:
        verbose_name = "webhook event"
        indexes = [
            models.Index(fields=["organization", "created_at", "id"], name="webhook_event_time"),
            models.Index(
                fields=["session_id"],
                condition=Q(session_id__isnull=False),
                name="webhook_event_session",
            ),
            models.Index(
                fields=["contact_id"],
                condition=Q(contact_id__isnull=False),
                name="webhook_event_contact",
            ),
        ]

    def __str__(self) -> str:
        return self.type


class WebhookDelivery(BaseModel):
    """An event on its way to an endpoint."""

    # Without a constraint: a chat message must neither wait for the lock of an endpoint that is
    # being saved, nor fail because it has just been deleted. What is left over is pruned.
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_constraint=False,
    )
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(
        max_length=16, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField("next attempt", null=True)
    # A resend starts another run; jobs of earlier ones do nothing.
    run = models.PositiveIntegerField(default=1)
    sent_at = models.DateTimeField("last attempt", null=True)
    response_status = models.PositiveSmallIntegerField("HTTP status", null=True)
    duration_ms = models.PositiveIntegerField("duration (ms)", null=True)
    response = models.TextField(blank=True, default="")
    error = models.TextField("reason", blank=True, default="")

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="webhook_delivery_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "created_at"], name="webhook_delivery_list"),
            models.Index(
                fields=["endpoint", "status"],
                condition=~Q(status="succeeded"),
                name="webhook_delivery_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return str(self.event.type)

    @property
    def organization_id(self) -> uuid.UUID:
        """Return whose it is, as permissions ask."""
        return self.endpoint.organization_id


# Without the URL, whose path may be a secret: the services log its host.
audit(WebhookEndpoint, "events", "format", "include_text", "enabled", "description")
