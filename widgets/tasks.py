"""Background jobs of conversations."""

from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from loquent.jobs.waking import check_stopping
from widgets.services.retention import prune

BATCH = 200


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
