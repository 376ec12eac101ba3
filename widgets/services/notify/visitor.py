"""Send a visitor who left an email with what a person has answered since."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from loquent.mailing.tasks import send_mail
from loquent.organizations.models import Organization
from loquent.tokens import SESSION_TOKEN, new_token, token_digest, token_digests
from widgets.models import (
    ContinuedSession,
    Notification,
    StoppedAddress,
    WidgetMessage,
    WidgetSession,
)
from widgets.models.notifications import Channel, NotificationState
from widgets.services.notify.queue import REPLY_LETTER, enqueue
from widgets.types import MessageRole

# A mail waits until the person has written nothing for this long, and this long after the last one.
QUIET = timedelta(minutes=2)
APART = timedelta(minutes=15)
# Without a sign of life of the visitor there are no more than this many.
MOST = 3
LINK_LASTS = timedelta(days=7)
CONTINUE = "lqc_"
STOP_SALT = "loquent.notify.stop"


def send_to_visitor(*, notification_id: uuid.UUID) -> None:
    """Hand the mail over, put it off until it is time, or drop it if the visitor has seen all."""
    with transaction.atomic():
        row = (
            Notification.objects.select_for_update(of=("self",))
            .filter(id=notification_id, state=NotificationState.WAITING)
            .select_related("session__widget")
            .first()
        )
        if row is None:
            return
        lines = new_lines(row)
        if not lines or not may_write(row):
            row.state = NotificationState.VOID
        elif (at := _earliest(row, lines)) > timezone.now():
            enqueue(row, at=at, session=row.session)
        else:
            row.state, row.sent_at, row.seq = NotificationState.SENT, timezone.now(), lines[-1].seq
            send_mail(
                letter=REPLY_LETTER,
                to=row.session.reply_email,
                about=row.id,
                organization_id=row.session.widget.organization_id,
            )
        row.save()


def new_lines(row: Notification) -> list[WidgetMessage]:
    """Return what persons have written that the visitor has neither seen nor got by mail."""
    session = row.session
    mailed = _sent(session).exclude(id=row.id).order_by("-seq").values_list("seq", flat=True)
    known = max(session.seen_seq, mailed.first() or 0)
    wrote = WidgetMessage.objects.filter(session=session, role=MessageRole.USER)
    # A visitor who writes has read what is above.
    known = max(known, wrote.order_by("-seq").values_list("seq", flat=True).first() or 0)
    rows = WidgetMessage.objects.filter(session=session, role=MessageRole.STAFF, seq__gt=known)
    return list(rows.order_by("seq"))


def may_write(row: Notification) -> bool:
    """Return whether the visitor may get a mail: they left an address, and want it."""
    session = row.session
    if not session.reply_email or session.ended_at is not None:
        return False
    unanswered = _sent(session).exclude(id=row.id).filter(seq__gt=session.seen_seq)
    return not _is_stopped(session) and _since_sign_of_life(session, unanswered) < MOST


def _is_stopped(session: WidgetSession) -> bool:
    digest, *earlier = token_digests(session.reply_email)
    rows = StoppedAddress.objects.filter(organization_id=session.widget.organization_id)
    if rows.filter(digest__in=earlier).exists():
        # The earlier key of the server may be gone when the next mail is due.
        rows.get_or_create(digest=digest, organization_id=session.widget.organization_id)
        return True
    return rows.filter(digest=digest).exists()


def _since_sign_of_life(session: WidgetSession, sent: QuerySet[Notification]) -> int:
    wrote = WidgetMessage.objects.filter(session=session, role=MessageRole.USER)
    last = wrote.order_by("-seq").values_list("created_at", flat=True).first()
    return (sent if last is None else sent.filter(sent_at__gt=last)).count()


def _earliest(row: Notification, lines: list[WidgetMessage]) -> datetime:
    last = _sent(row.session).order_by("-sent_at").values_list("sent_at", flat=True).first()
    quiet = lines[-1].created_at + QUIET
    return quiet if last is None else max(quiet, last + APART)


def _sent(session: WidgetSession) -> QuerySet[Notification]:
    return Notification.objects.filter(
        session=session, channel=Channel.VISITOR_MAIL, state=NotificationState.SENT
    )


def new_link_token(row: Notification) -> str:
    """Return a new token for the link of a mail; it replaces that of an earlier attempt."""
    token = new_token(CONTINUE)
    Notification.objects.filter(id=row.id).update(token_digest=token_digest(token))
    return token


@dataclass(frozen=True, slots=True)
class Continued:
    """A conversation that a link has opened in another browser."""

    widget_id: str
    session_token: str


def find_link(*, token: str) -> Notification | None:
    """Return the mail whose link this is; None if it was used, is too old, or never existed."""
    rows = Notification.objects.filter(
        token_digest__in=token_digests(token),
        used_at=None,
        sent_at__gt=timezone.now() - LINK_LASTS,
        session__ended_at=None,
        session__widget__enabled=True,
    )
    return rows.select_related("session__widget").first()


def use_link(*, token: str) -> Continued | None:
    """Open the conversation of a link in this browser, once; None if that is not possible."""
    row = find_link(token=token)
    if row is None:
        return None
    with transaction.atomic():
        rows = Notification.objects.filter(id=row.id, used_at=None)
        if not rows.update(used_at=timezone.now()):
            return None
        session_token = new_token(SESSION_TOKEN)
        ContinuedSession.objects.create(
            session=row.session, token_digest=token_digest(session_token)
        )
    return Continued(row.session.widget.widget_id, session_token)


@dataclass(frozen=True, slots=True)
class StopLink:
    """What a stop link stops: an organization's mails to the address that got the link."""

    organization_id: uuid.UUID
    digest: str
    language: str


def stop_value(session: WidgetSession, *, address: str) -> str:
    """Return what the address of the stop link ends with.

    It holds while the conversation is deleted, or has another address.
    """
    link = [str(session.widget.organization_id), token_digest(address), session.language]
    return signing.dumps(link, salt=STOP_SALT)


def find_stop(*, value: str) -> StopLink | None:
    """Return what a stop link stops; None for any other text, or if the organization is gone."""
    try:
        organization_id, digest, language = signing.loads(value, salt=STOP_SALT)
    except signing.BadSignature:
        return None
    if not Organization.objects.filter(id=organization_id).exists():
        return None
    return StopLink(uuid.UUID(organization_id), digest, language)


def stop_mail(link: StopLink) -> None:
    """Write no more to the address of a link."""
    StoppedAddress.objects.get_or_create(organization_id=link.organization_id, digest=link.digest)


def void_links(session: WidgetSession) -> None:
    """Let no unused link open a conversation: the mails went to an address that was wrong."""
    _sent(session).update(token_digest="")
