"""Create, change, rotate, disable and delete webhooks."""

import uuid
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.mailing.tasks import send_mail
from loquent.organizations.audit import CHANGED, record
from loquent.organizations.models import Membership, Organization, Role
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.bodies import telegram_chat
from loquent.webhooks.services.queue import (
    drop_failed_jobs,
    enqueue_deliveries,
    first_due_at,
)
from loquent.webhooks.services.secrets import retired_after_rotation
from loquent.webhooks.types import (
    ALL_EVENTS,
    DeliveryStatus,
    DisabledReason,
    EndpointData,
    EventType,
    Format,
)

MAX_ENDPOINTS = 20
ENDPOINT_FIELDS = ("url", "events", "format", "include_text", "enabled", "description")
HEALTH_FIELDS = ("failing_since", "last_success_at", "disabled_reason")
DISABLED_LETTER = "webhook-disabled"


def egress_rules() -> EgressRules:
    """Return what the operator allows webhooks to reach."""
    return EgressRules(
        networks=settings.WEBHOOK_ALLOWED_NETWORKS, allow_http=settings.WEBHOOK_ALLOW_HTTP
    )


def create_endpoint(*, organization: Organization, data: EndpointData) -> WebhookEndpoint:
    """Create a webhook; raise `invalid` naming the fields, or `conflict` if there are too many."""
    endpoint = WebhookEndpoint(organization=organization)
    _assign(endpoint, data)
    with transaction.atomic():
        # Two at once must not exceed the limit, nor one be deleted while another is created.
        Organization.objects.select_for_update(no_key=True).get(id=organization.id)
        if WebhookEndpoint.objects.filter(organization=organization).count() >= MAX_ENDPOINTS:
            sentence = f"An organization can have at most {MAX_ENDPOINTS} webhooks."
            raise ApplicationError(ErrorCode.CONFLICT, sentence)
        endpoint.save(force_insert=True)
        Organization.objects.filter(id=organization.id).update(has_webhooks=True)
    return endpoint


def update_endpoint(*, endpoint: WebhookEndpoint, data: EndpointData) -> WebhookEndpoint:
    """Change the given fields; raise `invalid`, or `not_found` if it was deleted.

    Deliveries that wait go to the new address, in the new format. If the webhook is enabled
    again, they are sent now. Nothing is known of the health of a new address.
    """
    with transaction.atomic():
        current = _locked(endpoint.id)
        host, url, was_enabled = current.host, current.url, current.enabled
        _assign(current, data)
        is_enabled_again = current.enabled and not was_enabled
        if is_enabled_again:
            current.failing_since, current.disabled_reason = None, ""
        if current.url != url:
            current.failing_since = current.last_success_at = None
        given = [name for name in ENDPOINT_FIELDS if name in data]
        current.save(update_fields=[*given, *HEALTH_FIELDS, "updated_at"])
        record(current, CHANGED, {"host": (host, current.host)})
        if is_enabled_again:
            send_again(WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING), current)
    return current


def delete_endpoint(*, endpoint: WebhookEndpoint) -> None:
    """Delete a webhook with its deliveries."""
    with transaction.atomic():
        organization_id = endpoint.organization_id
        Organization.objects.select_for_update(no_key=True).get(id=organization_id)
        WebhookEndpoint.objects.filter(id=endpoint.id).first()
        endpoint.delete()
        if not WebhookEndpoint.objects.filter(organization_id=organization_id).exists():
            Organization.objects.filter(id=organization_id).update(has_webhooks=False)


def rotate_secret(*, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Replace the secret; the old one also signs for 24 hours."""
    with transaction.atomic():
        current = _locked(endpoint.id)
        current.retired_secrets = retired_after_rotation(current, now=timezone.now())
        number = current.secret_number
        current.secret_number = number + 1
        current.save(update_fields=["retired_secrets", "secret_number", "updated_at"])
        record(current, CHANGED, {"secret": (f"no. {number}", f"no. {number + 1}")})
    return current


def disable_endpoint(*, endpoint_id: uuid.UUID, url: str, reason: DisabledReason) -> None:
    """Disable a webhook on behalf of the server, and mail the owners; once, if several try.

    Does nothing if it was deleted, or if its URL, which is the cause, was changed.
    """
    with transaction.atomic():
        rows = WebhookEndpoint.objects.select_for_update(of=("self",))
        current = rows.filter(id=endpoint_id).first()
        if current is None or not current.enabled or current.url != url:
            return
        current.enabled, current.disabled_reason = False, reason.value
        current.save(update_fields=["enabled", "disabled_reason", "updated_at"])
        owners = Membership.objects.filter(
            organization_id=current.organization_id, role=Role.OWNER, user__is_active=True
        )
        for email in owners.values_list("user__email", flat=True).distinct():
            if email and settings.MAIL_IS_ON:
                send_mail(
                    letter=DISABLED_LETTER,
                    to=email,
                    about=current.id,
                    organization_id=current.organization_id,
                )


def send_again(
    deliveries: QuerySet[WebhookDelivery],
    endpoint: WebhookEndpoint,
    *,
    since: datetime | None = None,
) -> int:
    """Start those of the endpoint's deliveries again, now; return how many. In a transaction."""
    rows = deliveries.filter(endpoint=endpoint)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    rows = rows.order_by("created_at").select_for_update(of=("self",))
    ids = list(rows.values_list("id", flat=True))
    found = WebhookDelivery.objects.filter(id__in=ids)
    drop_failed_jobs(endpoint.id, ids)
    now = timezone.now()
    found.update(
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=first_due_at(),
        run=F("run") + 1,
        updated_at=now,
    )
    enqueue_deliveries(list(found.select_related("event").order_by("created_at")))
    return len(ids)


def _locked(endpoint_id: uuid.UUID) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.select_for_update(of=("self",)).select_related("organization")
    endpoint = rows.filter(id=endpoint_id).first()
    if endpoint is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such webhook.")
    return endpoint


def _assign(endpoint: WebhookEndpoint, data: EndpointData) -> None:
    for name in ENDPOINT_FIELDS:
        if name in data:
            setattr(endpoint, name, data[name])  # type: ignore[literal-required]
    fields: dict[str, list[str]] = {}
    try:
        endpoint.full_clean(exclude=["events"])
    except ValidationError as error:
        fields |= error.message_dict
    if "url" not in fields:
        try:
            check_url(endpoint.url, egress_rules())
        except UnsafeUrlError as error:
            fields["url"] = [str(error)]
        else:
            if endpoint.format == Format.TELEGRAM and not telegram_chat(endpoint.url):
                fields["url"] = ["Add ?chat_id=… to the URL, as Telegram needs to know the chat."]
    unknown = [name for name in endpoint.events if name not in {*EventType.values, ALL_EVENTS}]
    if unknown:
        fields["events"] = [f"There is no event {unknown[0]!r}. Use {', '.join(EventType.values)}."]
    elif not endpoint.events:
        fields["events"] = ["Choose at least one event, or * for all."]
    if fields:
        raise invalid(fields)
    endpoint.events = list(dict.fromkeys(endpoint.events))
