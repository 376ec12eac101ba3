"""Background jobs of conversations."""

import uuid
from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from loquent.db.threads import in_database
from loquent.jobs.waking import check_stopping
from widgets.models.notifications import Channel
from widgets.push_transport import send_all
from widgets.services.notify.push.sending import TEST_KIND, claim_push, requests_of_test
from widgets.services.notify.queue import (
    KIND,
    channel_of,
    fail_notification,
    revive_notification,
)
from widgets.services.notify.staff import send_to_staff
from widgets.services.notify.visitor import send_to_visitor
from widgets.services.retention import prune

BATCH = 200


@task(
    kind=KIND,
    title="Send a notification",
    at_once=4,
    on_failure=fail_notification,
    on_retry=revive_notification,
)
async def send_notification(notification_id: str) -> None:
    """Send a notification that still matters."""
    key = uuid.UUID(notification_id)
    match await in_database(channel_of, key):
        case Channel.PUSH:
            await send_all(await in_database(claim_push, notification_id=key))
        case Channel.VISITOR_MAIL:
            await in_database(send_to_visitor, notification_id=key)
        case Channel.STAFF_MAIL:
            await in_database(send_to_staff, notification_id=key)


@task(kind=TEST_KIND, title="Send a test to a member's devices", retry_seconds=())
async def send_push_test(member_id: str) -> None:
    """Send a test message to each device of a member."""
    await send_all(await in_database(requests_of_test, member_id=uuid.UUID(member_id)))


@task(
    kind="prune",
    title="Delete data past its retention period",
    retry_seconds=(300, 1_800, 7_200),
    at_once=1,
    every=timedelta(days=1),
    at=timedelta(hours=3, minutes=30),
)
def prune_old_data() -> None:
    """Do what `manage.py prune` does, every night."""
    prune(now=timezone.now(), batch=BATCH, progress=check_stopping)
