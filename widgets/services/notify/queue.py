"""Write notifications in the transaction that causes them, and make them void."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import KINDS
from loquent.mailing.models import OutgoingMail
from widgets.models import ConversationEvent, Notification, PushDevice, WidgetSession
from widgets.models.notifications import Channel, NotificationState
from widgets.models.team import EventKind
from widgets.team_types import Handler, WorkStatus

KIND = "notification"
REPLY_LETTER = "visitor-reply"
# A member with an open inbox has heard the sound before.
PUSH_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who has a conversation, and since when a visitor waits in it; None if no one does.

    `is_later`: people answer once they are back, and the agent until then.
    """

    since: datetime | None
    assignee_id: UUID | None
    is_later: bool


def wanted_in(session: WidgetSession) -> Wanted:
    """Return who is wanted in a conversation."""
    is_of_team = session.handler != Handler.AGENT or session.follow_up
    is_open = session.status == WorkStatus.OPEN and session.ended_at is None
    since = session.waiting_since if is_of_team and is_open else None
    return Wanted(since, session.assignee_id, is_later=session.follow_up)


def note_wanted(session: WidgetSession, before: Wanted) -> None:
    """Record whom to notify of a change of a locked session. `before`: as it was locked."""
    now = wanted_in(session)
    if now == before:
        return
    note_seen_by_staff(session.id)
    if now.since is None or _took_it_themselves(session, before):
        return
    members = PushDevice.objects.filter(member__organization_id=session.widget.organization_id)
    # No one is called at night.
    if not now.is_later and members.exists():
        _create(session, Channel.PUSH, now.since, seconds=PUSH_SECONDS)
    if seconds := settings.LIMITS.handoff_mail_seconds:
        _create(session, Channel.STAFF_MAIL, now.since, seconds=seconds)


def note_reminder(session: WidgetSession) -> None:
    """Record that another member is to be notified: the visitor waits, and no one has claimed."""
    since = wanted_in(session).since
    rows = Notification.objects.filter(
        session=session, channel=Channel.STAFF_MAIL, state=NotificationState.WAITING
    )
    if since is not None and settings.LIMITS.handoff_mail_seconds and not rows.exists():
        _create(session, Channel.STAFF_MAIL, since, seconds=0)


def _create(session: WidgetSession, channel: Channel, since: datetime, *, seconds: float) -> None:
    row = Notification.objects.create(session=session, channel=channel, waiting_since=since)
    enqueue(row, at=timezone.now() + timedelta(seconds=seconds), session=session)


def note_reply(session: WidgetSession) -> None:
    """Record that the visitor is to be notified of a person's message, unless they see it."""
    seconds = settings.LIMITS.handoff_visitor_mail_seconds
    rows = Notification.objects.filter(session=session, channel=Channel.VISITOR_MAIL)
    if not seconds or not session.reply_email or rows.filter(state="waiting").exists():
        return
    row = Notification.objects.create(session=session, channel=Channel.VISITOR_MAIL)
    enqueue(row, at=timezone.now() + timedelta(seconds=seconds), session=session)


def forget_mails(session_ids: Collection[UUID]) -> None:
    """Delete the rows of mails to the visitors of sessions: they hold addresses.

    Call it before the sessions are deleted.
    """
    rows = Notification.objects.filter(session_id__in=session_ids, channel=Channel.VISITOR_MAIL)
    about = [str(row) for row in rows.values_list("id", flat=True)]
    if about:
        OutgoingMail.objects.filter(letter=REPLY_LETTER, about__in=about).delete()


def forget_address(*, organization_id: UUID, address: str) -> None:
    """Delete the rows of an organization's mails to a visitor's address."""
    rows = OutgoingMail.objects.filter(organization_id=organization_id, recipient=address)
    rows.filter(letter=REPLY_LETTER).delete()


def note_seen_by_staff(session_id: UUID) -> None:
    """Make void what members would be told: one who may answer knows, or it is settled."""
    rows = Notification.objects.filter(
        session_id=session_id,
        channel__in=(Channel.STAFF_MAIL, Channel.PUSH),
        state=NotificationState.WAITING,
    )
    rows.update(state=NotificationState.VOID, updated_at=timezone.now())


def enqueue(row: Notification, *, at: datetime, session: WidgetSession) -> None:
    """Enqueue the job that sends a notification."""
    organization_id = session.widget.organization_id
    enqueue_jobs(KINDS[KIND], [NewJob(args=(row.id,), run_at=at, organization_id=organization_id)])


def fail_notification(args: list[str], reason: str) -> None:
    """Make a notification that was not sent void: while it waits, the next one is not written."""
    rows = Notification.objects.filter(id=args[0], state=NotificationState.WAITING)
    rows.update(state=NotificationState.VOID, updated_at=timezone.now())


def revive_notification(args: list[str]) -> None:
    """Take `fail_notification` back, unless the next one waits already."""
    row = Notification.objects.filter(id=args[0], state=NotificationState.VOID).first()
    if row is None:
        return
    others = Notification.objects.filter(session_id=row.session_id, channel=row.channel)
    if not others.filter(state=NotificationState.WAITING).exists():
        row.state = NotificationState.WAITING
        row.save(update_fields=["state", "updated_at"])


def _took_it_themselves(session: WidgetSession, before: Wanted) -> bool:
    """Return whether a member has just claimed the conversation, rather than got it."""
    if session.assignee_id in (None, before.assignee_id):
        return False
    newest = ConversationEvent.objects.filter(session=session).order_by("-created_at", "-id")
    return newest.values_list("kind", flat=True).first() != EventKind.ASSIGNED


def channel_of(notification_id: UUID) -> str | None:
    """Return the channel of a notification; None if it is deleted."""
    rows = Notification.objects.filter(id=notification_id)
    return rows.values_list("channel", flat=True).first()
