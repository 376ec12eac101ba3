"""Record which sites show a widget, for "Is it on my site?".

`/config` is requested by every page view of every site, so a site is written at most once per
minute: requests are remembered in memory, and the supervisor writes them about once per second.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from cachetools import TTLCache
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from widgets.models import SeenSite, WidgetConfig
from widgets.origins import parse_origin
from widgets.services.refusals import RefusedSite, refused_sites_of

STEP = timedelta(minutes=1)
# Bounded, because a widget without a list of sites accepts any origin that a client sends.
MAX_REMEMBERED = 5_000
MAX_SITES = 50
SITE_DAYS = 30

_recent: TTLCache[tuple[str, str], None] = TTLCache(MAX_REMEMBERED, ttl=STEP.total_seconds())
_unwritten: dict[tuple[str, str], datetime] = {}
_lock = Lock()


def note_site(*, widget_id: str, origin: str | None) -> None:
    """Remember that a page of this origin (the header's value) was given the widget's settings.

    Requests without an origin come from this server's own pages, and are not recorded.
    """
    if origin is None or len(origin) > 300:
        return
    key = widget_id, origin
    with _lock:
        if key in _recent:
            return
        _recent[key] = None
        if len(_unwritten) < MAX_REMEMBERED:
            _unwritten[key] = timezone.now()


def has_seen_sites() -> bool:
    """Return whether there are sites to write."""
    return bool(_unwritten)


def forget_seen_sites() -> None:
    """Forget what is only in memory, for tests."""
    with _lock:
        _recent.clear()
        _unwritten.clear()


def flush_seen_sites() -> None:
    """Write the sites seen since the last call; keep them if that fails."""
    with _lock:
        seen = dict(_unwritten)
        _unwritten.clear()
    if not seen:
        return
    try:
        _write(seen)
    except Exception:
        with _lock:
            for key, moment in seen.items():
                _unwritten.setdefault(key, moment)
        raise


def _write(seen: dict[tuple[str, str], datetime]) -> None:
    ids = WidgetConfig.objects.filter(widget_id__in={widget_id for widget_id, _ in seen})
    by_id = dict(ids.values_list("widget_id", "pk"))
    own = parse_origin(settings.SITE_URL)
    with transaction.atomic():
        # All processes use the same order, so that their transactions cannot deadlock.
        for (widget_id, header), moment in sorted(seen.items()):
            origin = parse_origin(header)
            if widget_id not in by_id or origin is None or origin == own:
                continue
            rows = SeenSite.objects.filter(widget_id=by_id[widget_id])
            if rows.filter(origin=origin).exists():
                rows.filter(origin=origin, last_seen_at__lt=moment - STEP).update(
                    last_seen_at=moment
                )
                continue
            rows.filter(last_seen_at__lt=moment - timedelta(days=SITE_DAYS)).delete()
            if rows.count() < MAX_SITES:
                row = SeenSite(widget_id=by_id[widget_id], origin=origin, last_seen_at=moment)
                SeenSite.objects.bulk_create([row], ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class Installation:
    """Where a widget was seen: sites that show it, and sites that were refused, newest first."""

    seen: list[SeenSite]
    refused: list[RefusedSite]

    @property
    def is_installed(self) -> bool:
        """Whether a site other than a developer's own machine shows the widget."""
        return self.newest is not None

    @property
    def newest(self) -> SeenSite | None:
        """The site seen last that isn't a developer's own machine."""
        return next((site for site in self.seen if not site.is_local), None)


def installation(*, widget: WidgetConfig) -> Installation:
    """Return which sites asked for a widget in the last days."""
    return installations(widgets=[widget])[widget.pk]


def installations(*, widgets: Sequence[WidgetConfig]) -> dict[uuid.UUID, Installation]:
    """Return which sites asked for each of these widgets in the last days, by the widget's key."""
    since = timezone.now() - timedelta(days=SITE_DAYS)
    seen: dict[uuid.UUID, list[SeenSite]] = {widget.pk: [] for widget in widgets}
    rows = SeenSite.objects.filter(widget__in=seen, last_seen_at__gt=since)
    for row in rows.order_by("-last_seen_at", "origin"):
        if len(seen[row.widget_id]) < MAX_SITES:
            seen[row.widget_id].append(row)
    refused = refused_sites_of(widgets=widgets)
    return {key: Installation(sites, refused[key]) for key, sites in seen.items()}
