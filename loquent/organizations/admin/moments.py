"""Format times for staff."""

from datetime import datetime

from django.utils import formats, timezone
from django.utils.timesince import timesince


def ago(moment: datetime) -> str:
    """Return the elapsed time in its largest unit: `3 hours ago`; `just now` within a minute."""
    since = timesince(moment, depth=1)
    return "just now" if since.startswith("0") else f"{since} ago"


def date_and_time(moment: datetime) -> str:
    """Return the day and time in the page's time zone, as lists and forms show them."""
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
