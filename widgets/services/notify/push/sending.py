"""Choose the devices that hear of a waiting visitor, and write the message."""

import json
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from loquent.organizations.models import Availability, Role
from widgets.models import Notification, PushDevice
from widgets.models.notifications import Channel, NotificationState
from widgets.services.notify.push.base64url import decode
from widgets.services.notify.queue import wanted_in

TEST_KIND = "push-test"
TOKEN_LASTS = timedelta(hours=12)
# The push service keeps the message this long for a device that is off.
KEPT_SECONDS = 600
MAX_WORDS = 100
# Per member and wait: the alert, and a reminder.
MOST_ALERTS = 2


@dataclass(frozen=True, slots=True)
class PushRequest:
    """One request to a push service."""

    device_id: uuid.UUID
    url: str
    headers: dict[str, str]
    body: bytes


def claim_push(*, notification_id: uuid.UUID) -> list[PushRequest]:
    """Return what to send for a notification, which counts as sent from now on.

    Empty if it is void or sent already. A push is sent at most once: a second one would disturb.
    """
    with transaction.atomic():
        row = (
            Notification.objects.select_for_update(of=("self",))
            .filter(id=notification_id, channel=Channel.PUSH, state=NotificationState.WAITING)
            .select_related("session__widget")
            .first()
        )
        if row is None:
            return []
        since = wanted_in(row.session).since
        is_due = since is not None and since == row.waiting_since
        devices = _devices_of(row) if is_due else []
        row.state = NotificationState.SENT if devices else NotificationState.VOID
        row.sent_at = timezone.now() if devices else None
        row.member_id = row.session.assignee_id
        row.save()
    address = f"{reverse('admin:inbox')}?c={row.session_id}"
    name = str(row.session.widget.name or "")[:MAX_WORDS]
    return [
        push_request(
            device,
            title="A visitor is waiting",
            words=name,
            address=address,
            tag=str(row.session_id),
        )
        for device in devices
    ]


def requests_of_test(*, member_id: uuid.UUID) -> list[PushRequest]:
    """Return a test message to each device of a member."""
    return [
        push_request(
            device,
            title="Test of your notifications",
            words="Messages about waiting visitors will look like this.",
            address=reverse("admin:notifications"),
            tag="test",
        )
        for device in PushDevice.objects.filter(member_id=member_id)
    ]


def push_request(
    device: PushDevice, *, title: str, words: str, address: str, tag: str
) -> PushRequest:
    """Return the request that shows a notification on a device.

    Its shape is that of declarative web push, which newer iPhones show without a service worker.
    """
    from widgets.services.notify.push import crypto, server_key  # noqa: PLC0415 - see there

    notification = {
        "title": title,
        "body": words,
        "navigate": f"{settings.SITE_URL}{address}",
        "tag": tag,
    }
    payload = json.dumps({"web_push": 8030, "notification": notification}).encode()
    parts = urlsplit(device.endpoint)
    signed = crypto.authorization(
        audience=f"{parts.scheme}://{parts.netloc}",
        subject=settings.SITE_URL,
        expires=int((timezone.now() + TOKEN_LASTS).timestamp()),
        private=server_key.private_key(),
    )
    return PushRequest(
        device_id=device.id,
        url=device.endpoint,
        headers={
            "Authorization": signed,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_SECONDS),
            "Urgency": "high",
        },
        body=crypto.encrypt(payload, p256dh=decode(device.p256dh), auth=decode(device.auth)),
    )


def _devices_of(row: Notification) -> list[PushDevice]:
    """Return the devices of the assignee, or of every member who can answer and is not away.

    Without those of members who had their alert and a reminder since the visitor waits.
    """
    session = row.session
    sent = Notification.objects.filter(
        session=session,
        waiting_since=row.waiting_since,
        channel=Channel.PUSH,
        state=NotificationState.SENT,
    )
    # Without a member: to the whole team.
    alerts: Counter[uuid.UUID | None] = Counter(sent.values_list("member_id", flat=True))
    rows = PushDevice.objects.filter(
        member__organization_id=session.widget.organization_id, member__user__is_active=True
    ).exclude(member__role=Role.VIEWER)
    if session.assignee_id is not None:
        found = list(rows.filter(member_id=session.assignee_id))
    else:
        members = rows.select_related("member")
        found = [each for each in members if each.member.availability == Availability.ONLINE]
    return [each for each in found if alerts[None] + alerts[each.member_id] < MOST_ALERTS]
