"""Times as staff read them."""

from datetime import datetime

from django.utils import formats, timezone
from django.utils.timesince import timesince


def ago(moment: datetime) -> str:
    """How long ago it was, by its largest unit: `3 hours ago`; `just now` within a minute."""
    since = timesince(moment, depth=1)
    return "just now" if since.startswith("0") else f"{since} ago"


def date_and_time(moment: datetime) -> str:
    """Day and time in the server's zone, as lists and forms show them."""
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
