"""Members' devices that get push messages."""

import uuid

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url
from loquent.errors import invalid
from loquent.organizations.models import Membership
from loquent.text import clean_text, one_line
from widgets.models import PushDevice
from widgets.services.notify.push.base64url import decode, encode

MOST_PER_MEMBER = 10
MAX_NAME = 100


def push_rules() -> EgressRules:
    """Return what the operator allows: push services are public, except in tests."""
    return EgressRules(
        networks=settings.WEBHOOK_ALLOWED_NETWORKS, allow_http=settings.WEBHOOK_ALLOW_HTTP
    )


def register_device(
    *, member: Membership, endpoint: str, p256dh: str, auth: str, name: str
) -> PushDevice:
    """Store a browser's subscription, or renew it; raise `invalid` naming the field.

    `name`: of the browser, for its member; empty if it only renews.
    """
    try:
        # An index of PostgreSQL can't hold 2,000 characters of four bytes.
        if not endpoint.isascii():
            raise UnsafeUrlError("Use ASCII characters only.")
        check_url(endpoint, push_rules())
    except UnsafeUrlError as error:
        raise invalid({"endpoint": [str(error)]}) from None
    from widgets.services.notify.push.crypto import check_device  # noqa: PLC0415 - see there

    try:
        keys = decode(p256dh), decode(auth)
        check_device(*keys)
    except ValueError:
        raise invalid({"keys": ["These are not the keys of a browser."]}) from None
    shown = one_line(clean_text(name))[:MAX_NAME]
    with transaction.atomic():
        # A browser belongs to the member who is logged in to it.
        PushDevice.objects.filter(endpoint=endpoint).exclude(
            member__user_id=member.user_id
        ).delete()
        row, _ = PushDevice.objects.update_or_create(
            member=member,
            endpoint=endpoint,
            defaults={
                # Not as sent: the decoder ignores any number of other characters.
                "p256dh": encode(keys[0]),
                "auth": encode(keys[1]),
                **({"name": shown} if shown else {}),
            },
        )
        rows = PushDevice.objects.filter(member=member).order_by("-updated_at", "-id")
        kept = list(rows.values_list("id", flat=True)[:MOST_PER_MEMBER])
        PushDevice.objects.filter(member=member).exclude(id__in=kept).delete()
    return row


def forget_device(*, user_id: int, endpoint: str) -> None:
    """Send a user's browser nothing any more: they log out."""
    PushDevice.objects.filter(member__user_id=user_id, endpoint=endpoint).delete()


def note_result(device_id: uuid.UUID, *, status: int | None, error: str) -> None:
    """Record how sending to a device ended; delete one that its push service has forgotten."""
    rows = PushDevice.objects.filter(id=device_id)
    if status in (404, 410):
        rows.delete()
    elif error:
        rows.update(error=error, failed_at=timezone.now())
    else:
        rows.update(error="", failed_at=None, sent_at=timezone.now())
