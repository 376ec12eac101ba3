"""Count refusals per widget for staff: by limit, and by origin that isn't allowed.

A flood must not become load on the database. Refusals are counted in memory and written about once
per second; counts that cannot be written are kept for the next attempt.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.db import transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from loquent.organizations.services.days import organization_day
from loquent.telemetry.metrics import REFUSALS
from loquent.webhooks.services.events import record_events
from loquent.webhooks.types import EventType, NewEvent
from widgets.models import LimitHit, RefusedOrigin, WidgetConfig
from widgets.origins import is_origin_allowed, parse_origin
from widgets.types import LimitKind

# Pairs of widget and limit between two writes. Bounded, because clients can send any widget ID.
MAX_LIMIT_COUNTS = 1_000
# Bounded, because clients can send any origin: a few per process, and a few per widget and day,
# kept for a week.
MAX_ORIGIN_COUNTS = 500
MAX_ORIGINS_PER_DAY = 50
ORIGIN_DAYS = 7


class FlushedCounter:
    """Counts per widget (its public ID) and name, at most `most` pairs until the next `flush`."""

    def __init__(
        self, write: Callable[[WidgetConfig, Mapping[str, int], datetime], None], *, most: int
    ) -> None:
        """`write(widget, counts, now)` adds the counts of one widget, within a transaction."""
        self._write_widget = write
        self._most = most
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, widget_id: str, name: str) -> None:
        """Count one, unless that would exceed the maximum number of pairs."""
        with self._lock:
            if (widget_id, name) in self._counts or len(self._counts) < self._most:
                self._counts[widget_id, name] += 1

    def clear(self) -> None:
        self._counts.clear()

    def flush(self) -> None:
        """Write the counts; keep them if that fails."""
        with self._lock:
            counts = Counter(self._counts)
            self._counts.clear()
        if not counts:
            return
        try:
            self.write(counts)
        except Exception:
            with self._lock:
                self._counts.update(counts)
            raise

    def write(self, counts: Counter[tuple[str, str]]) -> None:
        """Add counts to those in the database; drop counts of unknown widgets."""
        by_widget: dict[str, dict[str, int]] = defaultdict(dict)
        for (widget_id, name), count in sorted(counts.items()):
            by_widget[widget_id][name] = count
        now = timezone.now()
        widgets = WidgetConfig.objects.filter(widget_id__in=by_widget)
        # All processes use the same order, so that their transactions cannot deadlock.
        found = sorted(widgets.select_related("organization"), key=lambda each: each.widget_id)
        with transaction.atomic():
            for widget in found:
                self._write_widget(widget, by_widget[widget.widget_id], now)


def count_refusal(*, widget_id: str, limit: str) -> None:
    """Count one refusal of a widget (its public ID) by a limit; do nothing if `limit` is empty."""
    if limit:
        REFUSALS.labels(limit).inc()
        limit_counts.add(widget_id, limit)


def count_refused_origin(*, widget_id: str, origins: Sequence[bytes]) -> None:
    """Count a refused origin; `origins` are the request's `Origin` headers.

    Only a request with exactly one valid origin is counted.
    """
    if len(origins) != 1:
        return
    origin = parse_origin(origins[0].strip(b" \t").decode("ascii", "replace"))
    if origin is not None and len(origin) <= 300:
        origin_counts.add(widget_id, origin)


def has_refusals() -> bool:
    """Return whether there are counts to write."""
    return bool(limit_counts or origin_counts)


def flush_refusals() -> None:
    """Write the counts, and delete origin counts older than a week."""
    origin_counts.flush()
    limit_counts.flush()


@dataclass(frozen=True, slots=True)
class RefusedSite:
    """An origin, how often it was refused in the last days, and when last."""

    origin: str
    count: int
    last_seen_at: datetime


def refused_sites(*, widget: WidgetConfig) -> list[RefusedSite]:
    """Return the origins refused in the last days that would still be refused, newest first."""
    return refused_sites_of(widgets=[widget])[widget.pk]


def refused_sites_of(*, widgets: Sequence[WidgetConfig]) -> dict[uuid.UUID, list[RefusedSite]]:
    """Return what `refused_sites` does for each of these widgets, by the widget's key."""
    found: dict[uuid.UUID, list[RefusedSite]] = {widget.pk: [] for widget in widgets}
    limited = {
        widget.pk: widget.allowed_origins
        for widget in widgets
        if widget.allowed_origins is not None
    }
    since = timezone.now().date() - timedelta(days=ORIGIN_DAYS)
    rows = (
        RefusedOrigin.objects.filter(widget__in=limited, day__gt=since)
        .values_list("widget", "origin")
        .annotate(times=Sum("count"), last=Max("last_seen_at"))
        .order_by("-last", "origin")
    )
    read: Counter[uuid.UUID] = Counter()
    for key, origin, times, last in rows:
        read[key] += 1
        if read[key] <= MAX_ORIGINS_PER_DAY and not is_origin_allowed(origin, limited[key]):
            found[key].append(RefusedSite(origin, times, last))
    return found


def _write_limits(widget: WidgetConfig, counts: Mapping[str, int], now: datetime) -> None:
    day, _ = organization_day(widget.organization.timezone, now)
    for kind in LimitKind.values:
        if kind not in counts:
            continue
        rows = LimitHit.objects.filter(widget=widget, day=day, kind=kind)
        if not rows.update(count=F("count") + counts[kind]):
            _, is_first = LimitHit.objects.get_or_create(widget=widget, day=day, kind=kind)
            rows.update(count=F("count") + counts[kind])
            if is_first and widget.organization.has_webhooks:
                data = {"widget_id": widget.widget_id, "limit": kind, "day": day.isoformat()}
                event = NewEvent(EventType.LIMIT_REACHED, widget.organization_id, data)
                record_events([event])


def _write_origins(widget: WidgetConfig, counts: Mapping[str, int], now: datetime) -> None:
    today = RefusedOrigin.objects.filter(widget=widget, day=now.date())
    room = MAX_ORIGINS_PER_DAY - today.count()
    for origin, count in counts.items():
        rows = today.filter(origin=origin)
        changes = {"count": F("count") + count, "last_seen_at": now}
        if rows.update(**changes) or room <= 0:
            continue
        row = RefusedOrigin(widget=widget, day=now.date(), origin=origin, last_seen_at=now)
        RefusedOrigin.objects.bulk_create([row], ignore_conflicts=True)
        rows.update(**changes)
        room -= 1
    too_old = now.date() - timedelta(days=ORIGIN_DAYS)
    RefusedOrigin.objects.filter(widget=widget, day__lte=too_old).delete()


limit_counts = FlushedCounter(_write_limits, most=MAX_LIMIT_COUNTS)
origin_counts = FlushedCounter(_write_origins, most=MAX_ORIGIN_COUNTS)
