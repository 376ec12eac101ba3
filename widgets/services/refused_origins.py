"""The sites that tried to show a widget and may not, for staff, who may have forgotten one.

Counted in memory and written now and then, like the refusals of limits. Anybody can send any
origin: a process keeps few, a widget keeps few of each day, and a week ends it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.db import transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from widgets.models import RefusedOrigin, WidgetConfig
from widgets.origins import is_origin_allowed, parse_origin

DAYS = 7
# Of all widgets, between two writes.
MAX_NOTED = 500
# Of one widget, each day.
MAX_ORIGINS_A_DAY = 50

_noted: Counter[tuple[str, str]] = Counter()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class RefusedSite:
    """A site, how often it was refused in the last days, and when last."""

    origin: str
    count: int
    last_seen_at: datetime


def note_refused_origin(*, widget_id: str, origins: Sequence[bytes]) -> None:
    """Count a refusal; `origins` are the request's `Origin` headers. What is no origin is not."""
    if len(origins) != 1:
        return
    origin = parse_origin(origins[0].strip(b" \t").decode("ascii", "replace"))
    if origin is None or len(origin) > 300:
        return
    with _lock:
        if (widget_id, origin) in _noted or len(_noted) < MAX_NOTED:
            _noted[widget_id, origin] += 1


def has_refused_origins() -> bool:
    """Whether there is anything to write."""
    return bool(_noted)


def flush_refused_origins() -> None:
    """Write what was counted, and forget what is older than a week."""
    with _lock:
        noted = Counter(_noted)
        _noted.clear()
    if not noted:
        return
    try:
        _write(noted)
    except Exception:
        with _lock:
            _noted.update(noted)
        raise


def refused_sites(*, widget: WidgetConfig) -> list[RefusedSite]:
    """The sites that a widget refused in the last days and would refuse now, newest first."""
    if widget.allowed_origins is None:
        return []
    since = timezone.now().date() - timedelta(days=DAYS)
    rows = (
        RefusedOrigin.objects.filter(widget=widget, day__gt=since)
        .values_list("origin")
        .annotate(times=Sum("count"), last=Max("last_seen_at"))
        .order_by("-last", "origin")
    )
    return [
        RefusedSite(origin, times, last)
        for origin, times, last in rows[:MAX_ORIGINS_A_DAY]
        if not is_origin_allowed(origin, widget.allowed_origins)
    ]


def _write(noted: Counter[tuple[str, str]]) -> None:
    now = timezone.now()
    ids = {widget_id for widget_id, _ in noted}
    # In one order in every process: their transactions may meet.
    widgets = sorted(
        WidgetConfig.objects.filter(widget_id__in=ids), key=lambda widget: widget.widget_id
    )
    with transaction.atomic():
        for widget in widgets:
            rows = RefusedOrigin.objects.filter(widget=widget, day=now.date())
            room = MAX_ORIGINS_A_DAY - rows.count()
            for origin, count in sorted(noted.items()):
                if origin[0] == widget.widget_id:
                    room -= _add(widget, origin[1], count, now, is_full=room <= 0)
            too_old = now.date() - timedelta(days=DAYS)
            RefusedOrigin.objects.filter(widget=widget, day__lte=too_old).delete()


def _add(widget: WidgetConfig, origin: str, count: int, now: datetime, *, is_full: bool) -> int:
    """Count refusals of a site; gives how many rows were added."""
    rows = RefusedOrigin.objects.filter(widget=widget, day=now.date(), origin=origin)
    if rows.update(count=F("count") + count, last_seen_at=now):
        return 0
    if is_full:
        return 0
    row = RefusedOrigin(widget=widget, day=now.date(), origin=origin, last_seen_at=now)
    RefusedOrigin.objects.bulk_create([row], ignore_conflicts=True)
    rows.update(count=F("count") + count, last_seen_at=now)
    return 1
