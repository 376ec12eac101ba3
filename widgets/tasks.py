"""Background jobs of conversations."""

from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from loquent.jobs.waking import check_stopping
from widgets.models import Notification
from widgets.models.notifications import Channel
from widgets.services.notify.queue import KIND
from widgets.services.notify.staff import send_to_staff
from widgets.services.notify.visitor import send_to_visitor
from widgets.services.retention import prune

BATCH = 200


@task(kind=KIND, title="Send a notification", at_once=4)
def send_notification(notification_id: str) -> None:
    """Send a notification that still matters."""
    row = Notification.objects.filter(id=notification_id).only("channel").first()
    if row is None:
        return
    if row.channel == Channel.VISITOR_MAIL:
        send_to_visitor(notification_id=row.id)
    else:
        send_to_staff(notification_id=row.id)


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
