"""Open, resume, replace and delete visitor sessions."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.tokens import SESSION_TOKEN, new_token, token_digest, token_digests
from loquent.webhooks.services.events import forget_sessions
from widgets.identifiers import is_widget_id
from widgets.models import ContinuedSession, WidgetConfig, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.handoff.hints import Hint, send_after_commit
from widgets.services.handoff.visitor import note_end
from widgets.services.notify.queue import forget_mails
from widgets.services.rate_limits import take_handshake, take_session
from widgets.services.validate_origin import validate_origin
from widgets.types import ContactCard, Handshake, NoticeData, PageRequest

# Conversations per DELETE statement; each may have thousands of messages.
DELETED_AT_ONCE = 100
_TOKEN = re.compile(rf"^{SESSION_TOKEN}[A-Za-z0-9_-]{{20,100}}\Z")


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """The session behind a socket; `resumed`: its token was accepted."""

    widget_pk: uuid.UUID
    session_id: uuid.UUID
    session_token: str = field(repr=False)
    resumed: bool
    starters: list[str]
    notice: NoticeData | None
    contact_card: ContactCard | None


def contact_card(organization: Organization) -> ContactCard | None:
    """Return how visitors reach the organization without the chat; None if it says nothing."""
    card: ContactCard = {
        "phone": organization.phone or None,
        "email": organization.email or None,
        "hours": organization.business_hours,
        "address": organization.address or None,
    }
    return card if any(card.values()) else None


def check_page_request(*, request: PageRequest) -> WidgetConfig:
    """Return the widget if this page may open it; raise `not_found` or `forbidden` if not."""
    widget = find_public_widget(widget_id=request.widget_id)
    if widget is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such chat.")
    validate_origin(widget=widget, origins=request.origins, fetch_site=request.fetch_site)
    return widget


def find_public_widget(*, widget_id: str) -> WidgetConfig | None:
    """Return the enabled widget with this public identifier, with its organization, or None."""
    if not is_widget_id(widget_id):
        return None
    widgets = WidgetConfig.objects.select_related("organization")
    return widgets.filter(widget_id=widget_id, enabled=True).first()


def open_session(*, handshake: Handshake) -> OpenedSession:
    """Resume the session of the handshake's token, or create one.

    Raises `not_found`, `forbidden`, or `rate_limited` if the address exceeds its rate of handshakes
    or new sessions.
    """
    # Checked before any query: a flood of handshakes must not become load on the database.
    take_handshake(ip=handshake.ip)
    widget = check_page_request(request=handshake.request)
    token, resumed = handshake.token, True
    session = resume_widget_session(widget=widget, token=token)
    # No row was updated: the session was deleted after the lookup.
    if not token or session is None or not _note_activity(session, handshake.language):
        take_session(ip=handshake.ip)
        session, token = create_widget_session(widget=widget, language=handshake.language)
        resumed = False
    return OpenedSession(
        widget_pk=widget.id,
        session_id=session.id,
        session_token=token,
        resumed=resumed,
        starters=widget.starters,
        notice=widget.notice,
        contact_card=contact_card(widget.organization),
    )


def _note_activity(session: WidgetSession, language: str) -> bool:
    rows = WidgetSession.objects.filter(id=session.id)
    return bool(rows.update(last_active_at=timezone.now(), language=language or session.language))


def create_widget_session(
    *, widget: WidgetConfig, successor_of: WidgetSession | None = None, language: str = ""
) -> tuple[WidgetSession, str]:
    """Create a session; return it and its token, of which only a digest is stored.

    A successor (the visitor started a new conversation) inherits the visitor's details, so that the
    visitor is not asked twice, but neither the messages nor the right to correct the contact.
    """
    token = new_token(SESSION_TOKEN)
    session = WidgetSession(
        widget=widget,
        token_digest=token_digest(token),
        last_active_at=timezone.now(),
        language=language,
    )
    if successor_of is not None:
        session.contact_id = successor_of.contact_id
        session.contact_claim = successor_of.contact_claim
        session.language = successor_of.language
    session.save(force_insert=True)
    return session, token


def resume_widget_session(*, widget: WidgetConfig, token: str | None) -> WidgetSession | None:
    """Return the session of a token, or None if a new one must be created.

    None for a token that is absent, malformed, unknown, of another widget, ended, or expired
    (LIMIT_SESSION_DAYS after the last activity).
    """
    if not token or not _TOKEN.match(token):
        return None
    sessions = WidgetSession.objects.filter(widget=widget, ended_at=None)
    if settings.LIMITS.session_days:
        oldest = timezone.now() - timedelta(days=settings.LIMITS.session_days)
        sessions = sessions.filter(last_active_at__gt=oldest)
    digests = token_digests(token)
    session = sessions.filter(token_digest__in=digests).first()
    if session is not None and session.token_digest != digests[0]:
        # Found by an earlier key of the server, which need not be kept for this visitor any more.
        WidgetSession.objects.filter(id=session.id).update(token_digest=digests[0])
    if session is not None:
        return session
    # For the few browsers in which a link of a mail opened the conversation.
    session = sessions.filter(continued__token_digest__in=digests).first()
    if session is not None and len(digests) > 1:
        rows = ContinuedSession.objects.filter(token_digest__in=digests[1:])
        rows.update(token_digest=digests[0])
    return session


def replace_session(*, session_id: uuid.UUID) -> tuple[WidgetSession, str]:
    """End a session with all its queued turns, and create its successor."""
    with transaction.atomic():
        old = (
            WidgetSession.objects.select_for_update(of=("self",))
            .select_related("widget__organization")
            .get(id=session_id)
        )
        old.turns.filter(state="waiting").delete()
        WidgetSession.objects.filter(id=session_id).update(ended_at=timezone.now())
        note_end(session_id=session_id)
        return create_widget_session(widget=old.widget, successor_of=old)


def delete_conversations(*, sessions: QuerySet[WidgetSession]) -> int:
    """Delete sessions with their messages and turns, in batches, all or none; return how many.

    Ends their open chats.
    """
    gone = 0
    with transaction.atomic():
        ids = list(sessions.order_by("id").values_list("id", flat=True))
        for start in range(0, len(ids), DELETED_AT_ONCE):
            rows = WidgetSession.objects.filter(id__in=ids[start : start + DELETED_AT_ONCE])
            # A message that is being written is committed first, and then deleted as well.
            gone += len(rows.order_by("id").select_for_update(of=("self",)).values_list("id"))
            forget_sessions(ids[start : start + DELETED_AT_ONCE])
            forget_mails(ids[start : start + DELETED_AT_ONCE])
            WidgetTurn.objects.filter(session__in=rows).delete()
            # Django would load them to find the replies, which the same statement deletes.
            WidgetMessage.objects.filter(session__in=rows)._raw_delete(using=rows.db)
            rows.delete()
        if ids:
            # Open inboxes read everything again for one that is gone.
            send_after_commit(Hint(ids[0], is_internal=True))
    return gone


def delete_widget_session(*, session_id: uuid.UUID) -> None:
    """Delete a session with its messages and turns, and end its open chat; raise `not_found`."""
    if not delete_conversations(sessions=WidgetSession.objects.filter(id=session_id)):
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such conversation.")
