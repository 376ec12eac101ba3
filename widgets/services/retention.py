"""What is deleted because its time is over: old conversations, empty sessions, old counts.

Conversations go when an organization says so (`retention_days`); the rest is never asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction

from loquent.agents.models import DailyTokenUsage
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.organizations.services.idempotency import old_answers
from loquent.organizations.services.invitations import old_invitations
from loquent.organizations.services.known_networks import old_networks
from loquent.organizations.staff_sessions import expired_staff_sessions
from widgets.models import LimitHit, RefusedOrigin, WidgetDailyUsage, WidgetMessage, WidgetSession

# Counts of a day that statistics of a whole year, compared with the one before it, may need.
USAGE_DAYS = 400
# Models with one row for each `day`.
DAILY_COUNTS: tuple[type[models.Model], ...] = (
    WidgetDailyUsage,
    LimitHit,
    RefusedOrigin,
    DailyTokenUsage,
)


@dataclass(slots=True)
class Pruned:
    """How many rows went, or would go."""

    conversations: int = 0
    messages: int = 0
    empty_sessions: int = 0
    usage: int = 0
    answers: int = 0
    audit_entries: int = 0
    invitations: int = 0
    networks: int = 0
    staff_sessions: int = 0

    @property
    def steps(self) -> int:
        """Rows that are gone through; messages go with their conversation."""
        rows = self.usage + self.answers + self.audit_entries + self.invitations + self.networks
        return self.conversations + self.empty_sessions + rows + self.staff_sessions


def count_prunable(*, now: datetime) -> Pruned:
    """What `prune` would delete at this moment."""
    empty = _empty_sessions(now)
    found = Pruned(empty_sessions=empty.count())
    for kind, rows in _old_rows(now):
        setattr(found, kind, getattr(found, kind) + rows.count())
    for sessions in _old_conversations(now):
        found.conversations += sessions.exclude(id__in=empty.values("id")).count()
        found.messages += WidgetMessage.objects.filter(session__in=sessions).count()
    return found


def prune(*, now: datetime, batch: int, progress: Callable[[int], object]) -> Pruned:
    """Delete what is over, at most `batch` rows and the messages of those in a transaction.

    A conversation that goes on meanwhile stays, and so does one with a turn that isn't over.
    `progress` is told of the rows of each batch. Run twice, it deletes nothing twice; it may be
    stopped at any time.
    """
    pruned = Pruned()
    empty = _empty_sessions(now)
    for ids in _batches(empty, batch):
        pruned.empty_sessions += _delete_sessions(empty, ids)[0]
        progress(len(ids))
    for sessions in _old_conversations(now):
        for ids in _batches(sessions, batch):
            gone, messages = _delete_sessions(sessions, ids)
            pruned.conversations += gone
            pruned.messages += messages
            progress(len(ids))
    for kind, rows in _old_rows(now):
        for ids in _batches(rows, batch):
            gone = rows.filter(pk__in=ids).delete()[0]
            setattr(pruned, kind, getattr(pruned, kind) + gone)
            progress(len(ids))
    return pruned


def _old_conversations(now: datetime) -> Iterator[models.QuerySet[WidgetSession]]:
    """For each organization with a retention, its sessions whose last activity is older."""
    for organization in Organization.objects.exclude(retention_days=None).order_by("id"):
        oldest = now - timedelta(days=organization.retention_days or 0)
        yield WidgetSession.objects.filter(
            widget__organization=organization, last_active_at__lt=oldest, turns=None
        )


def _empty_sessions(now: datetime) -> models.QuerySet[WidgetSession]:
    """Sessions that nobody can resume any more and in which nothing was ever said or typed."""
    if not settings.LIMITS.session_days:
        return WidgetSession.objects.none()
    oldest = now - timedelta(days=settings.LIMITS.session_days)
    return WidgetSession.objects.filter(
        last_active_at__lt=oldest, last_seq=0, messages=None, contact_claim__isnull=True
    )


def _old_rows(now: datetime) -> Iterator[tuple[str, models.QuerySet[Any]]]:
    """What goes by its age alone: where `Pruned` counts it, and the rows."""
    oldest = (now - timedelta(days=USAGE_DAYS)).date()
    for kind in DAILY_COUNTS:
        yield "usage", kind._default_manager.filter(day__lt=oldest)
    yield "answers", old_answers(now=now)
    logged = now - timedelta(days=settings.AUDIT_LOG_DAYS)
    yield "audit_entries", AuditEntry.objects.filter(timestamp__lt=logged)
    yield "invitations", old_invitations(now=now)
    yield "networks", old_networks(now=now)
    yield "staff_sessions", expired_staff_sessions(now=now)


def _batches(rows: models.QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """The ids of the rows, each once, whatever becomes of them meanwhile."""
    ids: list[Any] = list(rows.order_by("pk").values_list("pk", flat=True)[:size])
    while ids:
        yield ids
        ids = list(rows.filter(pk__gt=ids[-1]).order_by("pk").values_list("pk", flat=True)[:size])


def _delete_sessions(sessions: models.QuerySet[WidgetSession], ids: list[Any]) -> tuple[int, int]:
    """Delete those of the ids that still are among the sessions; gives sessions and messages.

    A row that a visitor is writing to is skipped. Once locked, it can't become active before it
    is gone.
    """
    with transaction.atomic():
        still = sessions.filter(id__in=ids).order_by("id")
        locked = list(
            still.select_for_update(of=("self",), skip_locked=True).values_list("id", flat=True)
        )
        _, gone = WidgetSession.objects.filter(id__in=locked).delete()
    return gone.get("widgets.WidgetSession", 0), gone.get("widgets.WidgetMessage", 0)
