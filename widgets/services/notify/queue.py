"""Write notifications in the transaction that causes them, and make them void."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import KINDS
from widgets.models import ConversationEvent, Notification, WidgetSession
from widgets.models.notifications import Channel, NotificationState
from widgets.models.team import EventKind
from widgets.team_types import Handler, WorkStatus

KIND = "notification"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who has a conversation, and since when a visitor waits in it; None if no one does."""

    since: datetime | None
    assignee_id: UUID | None


def wanted_in(session: WidgetSession) -> Wanted:
    """Return who is wanted in a conversation."""
    is_of_team = session.handler != Handler.AGENT or session.follow_up
    is_open = session.status == WorkStatus.OPEN and session.ended_at is None
    since = session.waiting_since if is_of_team and is_open else None
    return Wanted(since, session.assignee_id)


def note_wanted(session: WidgetSession, before: Wanted) -> None:
    """Write who is to be told of a change of a locked session. `before`: as it was locked."""
    now = wanted_in(session)
    if now == before:
        return
    drop_waiting(session.id, Channel.STAFF_MAIL)
    seconds = settings.LIMITS.handoff_mail_seconds
    if now.since is None or not seconds or _took_it_themselves(session, before):
        return
    row = Notification.objects.create(
        session=session, channel=Channel.STAFF_MAIL, waiting_since=now.since
    )
    enqueue(row, at=timezone.now() + timedelta(seconds=seconds), session=session)


def note_reply(session: WidgetSession) -> None:
    """Write that the visitor is to be told of a person's message, unless they see it."""
    seconds = settings.LIMITS.handoff_visitor_mail_seconds
    rows = Notification.objects.filter(session=session, channel=Channel.VISITOR_MAIL)
    if not seconds or not session.reply_email or rows.filter(state="waiting").exists():
        return
    row = Notification.objects.create(session=session, channel=Channel.VISITOR_MAIL)
    enqueue(row, at=timezone.now() + timedelta(seconds=seconds), session=session)


def note_seen_by_staff(session_id: UUID) -> None:
    """Drop what waits: a member who may answer looks at the conversation."""
    drop_waiting(session_id, Channel.STAFF_MAIL)


def drop_waiting(session_id: UUID, channel: Channel) -> None:
    """Make the waiting notifications of a session void."""
    rows = Notification.objects.filter(
        session_id=session_id, channel=channel, state=NotificationState.WAITING
    )
    rows.update(state=NotificationState.VOID, updated_at=timezone.now())


def enqueue(row: Notification, *, at: datetime, session: WidgetSession) -> None:
    """Enqueue the job that sends a notification."""
    organization_id = session.widget.organization_id
    enqueue_jobs(KINDS[KIND], [NewJob(args=(row.id,), run_at=at, organization_id=organization_id)])


def _took_it_themselves(session: WidgetSession, before: Wanted) -> bool:
    """Return whether a member has just claimed the conversation, rather than got it."""
    if session.assignee_id in (None, before.assignee_id):
        return False
    newest = ConversationEvent.objects.filter(session=session).order_by("-created_at", "-id")
    return newest.values_list("kind", flat=True).first() != EventKind.ASSIGNED
