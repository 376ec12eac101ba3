"""How often each limit refused, for staff: counted in memory, written now and then.

A flood must not become load on the database: a refusal costs an addition, and what was refused in
two seconds is one row for each widget and limit.
"""

from collections import Counter
from threading import Lock

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from loquent.organizations.services.days import organization_day
from loquent.telemetry.metrics import REFUSALS
from widgets.models import LimitHit, WidgetConfig
from widgets.services.refused_origins import flush_refused_origins, has_refused_origins
from widgets.types import LimitKind

# Of widgets that don't exist, too: what a browser shows at the door is not looked up.
MAX_COUNTS = 1_000

_counts: Counter[tuple[str, str]] = Counter()
_lock = Lock()


def note_refusal(*, widget_id: str, limit: str) -> None:
    """Count one refusal of a widget (its public ID) by a limit; none where `limit` is empty."""
    if not limit:
        return
    REFUSALS.labels(limit).inc()
    with _lock:
        if (widget_id, limit) in _counts or len(_counts) < MAX_COUNTS:
            _counts[widget_id, limit] += 1


def has_refusals() -> bool:
    """Whether there is anything to write."""
    return bool(_counts) or has_refused_origins()


def flush_refusals() -> None:
    """Write what was counted; what can't be written is kept for the next time."""
    flush_refused_origins()
    with _lock:
        counts = Counter(_counts)
        _counts.clear()
    if not counts:
        return
    try:
        _write(counts)
    except Exception:
        with _lock:
            _counts.update(counts)
        raise


def _write(counts: Counter[tuple[str, str]]) -> None:
    now = timezone.now()
    ids = {widget_id for widget_id, _ in counts}
    widgets = WidgetConfig.objects.filter(widget_id__in=ids).select_related("organization")
    # In one order in every process: their transactions may meet.
    known = sorted(widgets, key=lambda widget: widget.widget_id)
    with transaction.atomic():
        for widget in known:
            day, _ = organization_day(widget.organization.timezone, now)
            for kind in LimitKind.values:
                if count := counts[widget.widget_id, kind]:
                    _add(widget, LimitHit(widget=widget, day=day, kind=kind), count)


def _add(widget: WidgetConfig, hit: LimitHit, count: int) -> None:
    rows = LimitHit.objects.filter(widget=widget, day=hit.day, kind=hit.kind)
    if not rows.update(count=F("count") + count):
        LimitHit.objects.bulk_create([hit], ignore_conflicts=True)
        rows.update(count=F("count") + count)
