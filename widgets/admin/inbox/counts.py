"""Count what waits for staff, once per request."""

from django.http import HttpRequest

from widgets.admin.home.page import sessions_for
from widgets.services.attention import NEEDS_STAFF
from widgets.services.inbox.tabs import waiting

# A longer number is not shown.
MOST_COUNTED = 100


def attention_count(request: HttpRequest) -> int:
    """Return how many conversations need attention, counted up to MOST_COUNTED."""
    if not hasattr(request, "_attention_count"):
        sessions = sessions_for(request)
        count = 0
        if sessions is not None:
            rows = sessions.filter(attention__gte=NEEDS_STAFF).order_by()
            count = rows.values("pk")[:MOST_COUNTED].count()
        request._attention_count = count  # type: ignore[attr-defined]
    found: int = request._attention_count  # type: ignore[attr-defined]
    return found


def inbox_count(request: HttpRequest) -> int:
    """Return how many conversations wait for a person or need attention."""
    if not hasattr(request, "_inbox_count"):
        sessions = sessions_for(request)
        count = attention_count(request)
        if sessions is not None:
            others = waiting(sessions).filter(attention__lt=NEEDS_STAFF).order_by()
            count += others.values("pk")[:MOST_COUNTED].count()
        request._inbox_count = count  # type: ignore[attr-defined]
    found: int = request._inbox_count  # type: ignore[attr-defined]
    return found
