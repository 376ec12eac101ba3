"""What the REST API says of webhooks, deliveries and events."""

from typing import Any, ClassVar

from rest_framework import serializers

from loquent.egress.urls import UnsafeUrlError, check_url
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer, SwitchField, TextField
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from loquent.webhooks.services.bodies import iso
from loquent.webhooks.services.endpoints import egress_rules
from loquent.webhooks.types import ALL_EVENTS, EventType, Format

MOMENT = "2026-01-05T09:30:00.000000Z"
ENDPOINT = {
    "url": "https://example.com/loquent",
    "events": ["message.created"],
    "format": "standard",
    "include_text": False,
    "enabled": True,
    "description": "Our CRM",
}
SHOWN = {
    "id": UUID_EXAMPLE,
    **ENDPOINT,
    "disabled_reason": None,
    "failing_since": None,
    "last_success_at": None,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@examples(request=ENDPOINT, response=SHOWN)
class WebhookSerializer(StrictSerializer[WebhookEndpoint]):
    """A webhook: where events go, and which."""

    url = TextField(help_text="An https URL at a public address.")
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=[(ALL_EVENTS, "All events"), *EventType.choices]),
        allow_empty=False,
        max_length=50,
        help_text='The types of events to deliver; `["*"]` for all.',
    )
    format = serializers.ChoiceField(
        choices=Format.choices,
        required=False,
        help_text="`standard` is described under `webhooks`; the others are messages for people.",
    )
    include_text = SwitchField(
        required=False,
        help_text="Whether to send what visitors and agents write, and contacts' details.",
    )
    enabled = SwitchField(
        required=False,
        help_text="A disabled webhook gets no new events, and keeps those that are waiting.",
    )
    description = TextField(max_length=200, required=False, allow_blank=True)
    disabled_reason = serializers.SerializerMethodField()

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id",
            "url",
            "events",
            "format",
            "include_text",
            "enabled",
            "description",
            "disabled_reason",
            "failing_since",
            "last_success_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["failing_since", "last_success_at"]

    def validate_url(self, value: str) -> str:
        """Check the URL together with the other fields, so that all wrong ones are named."""
        try:
            check_url(value, egress_rules())
        except UnsafeUrlError as error:
            raise serializers.ValidationError(str(error)) from None
        return value

    def get_disabled_reason(self, row: WebhookEndpoint) -> str | None:
        """Return why the server disabled the webhook: `gone`, `failing`, or null."""
        return row.disabled_reason or None


@examples(response={**SHOWN, "secret": SECRET})
class NewWebhookSerializer(WebhookSerializer):
    """A new webhook, with the secret that its requests are signed with."""

    secret = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="`whsec_…`; null in the response to a repeated Idempotency-Key.",
    )

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


@examples(response={"secret": SECRET})
class WebhookSecretSerializer(serializers.Serializer[Any]):
    """The secret of a webhook."""

    secret = serializers.CharField(
        allow_null=True,
        help_text="`whsec_…`; null in the response to a repeated Idempotency-Key.",
    )


DELIVERY = {
    "id": UUID_EXAMPLE,
    "event": "0b9d1d4e-52a4-4c53-8d25-4a0b0f8f7b01",
    "type": "message.created",
    "status": "pending",
    "attempts": 1,
    "response_status": 503,
    "duration_ms": 41,
    "response": "Service Unavailable",
    "error": "The receiver answered with status 503.",
    "next_attempt_at": "2026-01-05T09:30:05.000000Z",
    "created_at": MOMENT,
}


@examples(response=DELIVERY)
class WebhookDeliverySerializer(StrictSerializer[WebhookDelivery]):
    """An event on its way to a webhook, with the last attempt."""

    event = serializers.UUIDField(source="event_id", read_only=True, help_text="The `webhook-id`.")
    type = serializers.CharField(source="event.type", read_only=True)

    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "event",
            "type",
            "status",
            "attempts",
            "response_status",
            "duration_ms",
            "response",
            "error",
            "next_attempt_at",
            "created_at",
        ]
        read_only_fields = fields
        extra_kwargs: ClassVar = {
            "response": {"help_text": "The first 1,024 bytes of the receiver's answer."},
            "error": {"help_text": "Why the last attempt failed; empty if it succeeded."},
            "next_attempt_at": {"help_text": "Null if there is none: it ended, or is disabled."},
        }


@examples(request={"since": MOMENT}, response={"since": MOMENT})
class ResendFailedSerializer(serializers.Serializer[Any]):
    """Which failed deliveries to resend."""

    since = serializers.DateTimeField(
        required=False, help_text="Those created at or after this time; without it, all."
    )


@examples(response={"resent": 3})
class ResentSerializer(serializers.Serializer[Any]):
    """How many deliveries are sent again."""

    resent = serializers.IntegerField()


@examples(
    response={
        "id": UUID_EXAMPLE,
        "type": "message.created",
        "timestamp": MOMENT,
        "data": {
            "session_id": "0b9d1d4e-52a4-4c53-8d25-4a0b0f8f7b01",
            "message_id": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02",
            "seq": 3,
            "role": "user",
            "widget_id": "wid_k3v9x2m7q4",
        },
    }
)
class WebhookEventSerializer(StrictSerializer[WebhookEvent]):
    """An event; its `id` is the `webhook-id` of its deliveries."""

    timestamp = serializers.SerializerMethodField()
    data: Any = serializers.DictField(read_only=True)

    class Meta:
        model = WebhookEvent
        fields = ["id", "type", "timestamp", "data"]
        read_only_fields = fields

    def get_timestamp(self, row: WebhookEvent) -> str:
        """Return when it happened, as in the body of the request."""
        return iso(row)
