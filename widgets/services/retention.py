"""Delete data past its retention period: conversations, empty sessions, counts.

Conversations are deleted only if the organization sets `retention_days`; everything else has a
fixed retention period.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction

from loquent.agents.models import DailyTokenUsage
from loquent.agents.services.vectors import AT_ONCE, delete_vectors, unused_vectors
from loquent.jobs.queue import old_jobs
from loquent.mailing.tasks import old_mail
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.organizations.services.idempotency import old_answers
from loquent.organizations.services.invitations import old_invitations
from loquent.organizations.services.known_networks import old_networks
from loquent.organizations.staff_sessions import expired_staff_sessions
from loquent.webhooks.services.events import forget_sessions, old_events
from widgets.models import (
    ClosedQuestion,
    LimitHit,
    RefusedOrigin,
    WidgetDailyUsage,
    WidgetMessage,
    WidgetSession,
)
from widgets.services.notify.queue import forget_mails

# Enough for statistics that compare a whole year with the year before.
USAGE_DAYS = 400
# Unanswered questions are listed for a week.
CLOSED_QUESTION_DAYS = 30
# Models with one row per `day`.
DAILY_COUNTS: tuple[type[models.Model], ...] = (
    WidgetDailyUsage,
    LimitHit,
    RefusedOrigin,
    DailyTokenUsage,
)


@dataclass(slots=True)
class Pruned:
    """The number of rows deleted, or to be deleted."""

    conversations: int = 0
    messages: int = 0
    empty_sessions: int = 0
    usage: int = 0
    answers: int = 0
    audit_entries: int = 0
    invitations: int = 0
    networks: int = 0
    staff_sessions: int = 0
    jobs: int = 0
    mail: int = 0
    events: int = 0
    closed_questions: int = 0
    vectors: int = 0

    @property
    def steps(self) -> int:
        """Return the number of rows to process; messages are deleted with their conversation."""
        rows = self.usage + self.answers + self.audit_entries + self.invitations + self.networks
        rows += (
            self.staff_sessions
            + self.jobs
            + self.mail
            + self.events
            + self.closed_questions
            + self.vectors
        )
        return self.conversations + self.empty_sessions + rows


def count_prunable(*, now: datetime) -> Pruned:
    """Return what `prune` would delete now."""
    empty = _empty_sessions(now)
    found = Pruned(empty_sessions=empty.count())
    for kind, rows in _old_rows(now):
        setattr(found, kind, getattr(found, kind) + rows.count())
    for sessions in _old_conversations(now):
        found.conversations += sessions.exclude(id__in=empty.values("id")).count()
        found.messages += WidgetMessage.objects.filter(session__in=sessions).count()
    found.vectors = len(unused_vectors())
    return found


def prune(*, now: datetime, batch: int, progress: Callable[[int], object]) -> Pruned:
    """Delete expired rows, at most `batch` rows with their messages per transaction.

    Keeps a conversation that becomes active in the meantime, and one with an unfinished turn.
    `progress` is called with the number of rows of each batch. It can be interrupted at any time
    and run again.
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
            # Without what is deleted with them.
            gone = rows.filter(pk__in=ids).delete()[1].get(rows.model._meta.label, 0)
            setattr(pruned, kind, getattr(pruned, kind) + gone)
            progress(len(ids))
    vectors = unused_vectors()
    for start in range(0, len(vectors), AT_ONCE):
        keys = vectors[start : start + AT_ONCE]
        pruned.vectors += delete_vectors(keys)
        progress(len(keys))
    return pruned


def _old_conversations(now: datetime) -> Iterator[models.QuerySet[WidgetSession]]:
    """Yield, per organization with a retention period, the sessions that are past it."""
    for organization in Organization.objects.exclude(retention_days=None).order_by("id"):
        oldest = now - timedelta(days=organization.retention_days or 0)
        yield WidgetSession.objects.filter(
            widget__organization=organization, last_active_at__lt=oldest, turns=None
        )


def _empty_sessions(now: datetime) -> models.QuerySet[WidgetSession]:
    """Return sessions that have expired and in which the visitor never wrote or typed anything."""
    if not settings.LIMITS.session_days:
        return WidgetSession.objects.none()
    oldest = now - timedelta(days=settings.LIMITS.session_days)
    return WidgetSession.objects.filter(
        last_active_at__lt=oldest, last_seq=0, messages=None, contact_claim__isnull=True
    )


def _old_rows(now: datetime) -> Iterator[tuple[str, models.QuerySet[Any]]]:
    """Yield rows that expire by age alone, with the field of `Pruned` that counts them."""
    oldest = (now - timedelta(days=USAGE_DAYS)).date()
    for kind in DAILY_COUNTS:
        yield "usage", kind._default_manager.filter(day__lt=oldest)
    yield "answers", old_answers(now=now)
    logged = now - timedelta(days=settings.AUDIT_LOG_DAYS)
    yield "audit_entries", AuditEntry.objects.filter(timestamp__lt=logged)
    yield "invitations", old_invitations(now=now)
    yield "networks", old_networks(now=now)
    yield "staff_sessions", expired_staff_sessions(now=now)
    yield "jobs", old_jobs(now=now)
    yield "mail", old_mail(now=now)
    yield "events", old_events(now=now)
    changed = now - timedelta(days=CLOSED_QUESTION_DAYS)
    yield "closed_questions", ClosedQuestion.objects.filter(updated_at__lt=changed)


def _batches(rows: models.QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """Yield the ids of the rows in batches, each id once, even if rows change in between."""
    ids: list[Any] = list(rows.order_by("pk").values_list("pk", flat=True)[:size])
    while ids:
        yield ids
        ids = list(rows.filter(pk__gt=ids[-1]).order_by("pk").values_list("pk", flat=True)[:size])


def _delete_sessions(sessions: models.QuerySet[WidgetSession], ids: list[Any]) -> tuple[int, int]:
    """Delete the ids that still are among the sessions; return the counts of sessions and messages.

    Skips rows that a visitor is writing to. A locked row can't become active before it is deleted.
    """
    with transaction.atomic():
        still = sessions.filter(id__in=ids).order_by("id")
        locked = list(
            still.select_for_update(of=("self",), skip_locked=True).values_list("id", flat=True)
        )
        forget_sessions(locked)
        forget_mails(locked)
        _, gone = WidgetSession.objects.filter(id__in=locked).delete()
    return gone.get("widgets.WidgetSession", 0), gone.get("widgets.WidgetMessage", 0)
