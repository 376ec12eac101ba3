"""What happens to a conversation: opened, written to, rated. One function is one transaction."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode
from widgets.identifiers import is_widget_id
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.rate_limits import take_handshake, take_session
from widgets.services.sessions import create_widget_session, resume_widget_session
from widgets.services.validate_origin import validate_origin
from widgets.types import (
    FINISHED,
    ContactInfoMode,
    Handshake,
    LimitKind,
    MessageData,
    MessageRole,
    NoticeData,
    PageRequest,
)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """The session behind a socket; `resumed`: its token was accepted."""

    widget_pk: uuid.UUID
    session_id: uuid.UUID
    session_token: str = field(repr=False)
    resumed: bool
    starters: list[str]
    notice: NoticeData | None


@dataclass(frozen=True, slots=True)
class LoadedChat:
    """What the client doesn't have yet.

    `complete`: no older messages were left out. `replayed_seq`: with `messages`, the client has
    everything up to here. `unfinished`: visitor's messages whose answer isn't written yet; of
    those in `rewritten`, `messages` have an earlier answer that ended well.
    """

    contact_info_submitted: bool
    messages: list[MessageData]
    complete: bool
    replayed_seq: int
    unfinished: tuple[str, ...]
    rewritten: frozenset[str]

    @property
    def newest_answer(self) -> MessageData | None:
        """The last of `messages` that isn't the visitor's."""
        answers = (m for m in reversed(self.messages) if m.role == MessageRole.ASSISTANT)
        return next(answers, None)


def check_page_request(*, request: PageRequest) -> WidgetConfig:
    """Return the widget if this page may open it; raise `not_found` or `forbidden` if not."""
    unknown = ApplicationError(ErrorCode.NOT_FOUND, "There is no such chat.")
    if not is_widget_id(request.widget_id):
        raise unknown
    widgets = WidgetConfig.objects.select_related("organization")
    widget = widgets.filter(widget_id=request.widget_id, enabled=True).first()
    if widget is None:
        raise unknown
    validate_origin(widget=widget, origins=request.origins, fetch_site=request.fetch_site)
    return widget


def open_session(*, handshake: Handshake) -> OpenedSession:
    """Resume the session of the handshake's token or create one.

    Raises `not_found`, `forbidden`, or `rate_limited` if the handshake or a new session is one too
    many for its address.
    """
    # Before anything is read: a flood of handshakes must not become load on the database.
    take_handshake(ip=handshake.ip)
    widget = check_page_request(request=handshake.request)
    token, resumed = handshake.token, True
    session = resume_widget_session(widget=widget, token=token)
    # Nothing to update: it was deleted between the look-up and now.
    if not token or session is None or not _note_activity(session):
        take_session(ip=handshake.ip)
        session, token = create_widget_session(widget=widget)
        resumed = False
    return OpenedSession(
        widget_pk=widget.id,
        session_id=session.id,
        session_token=token,
        resumed=resumed,
        starters=widget.starters,
        notice=widget.notice,
    )


def _note_activity(session: WidgetSession) -> bool:
    rows = WidgetSession.objects.filter(id=session.id)
    return bool(rows.update(last_active_at=timezone.now()))


def load_chat(*, session_id: uuid.UUID, last_seq: int) -> LoadedChat:
    """What a client that has all up to `last_seq` lacks: the last 50 messages at most.

    Call it after subscribing to the session's events, so that nothing falls between.
    """
    # Before the messages: an answer that is written in between is then shown, and not awaited.
    turns = WidgetTurn.objects.filter(session_id=session_id)
    unfinished = tuple(str(turn) for turn in turns.values_list("message_id", flat=True))
    claim, newest_seq = WidgetSession.objects.values_list("contact_claim", "last_seq").get(
        id=session_id
    )
    rows = WidgetMessage.objects.filter(session_id=session_id, seq__gt=last_seq).order_by("-seq")
    limit = settings.LIMITS.history_messages
    newest = list(rows[: limit + 1] if limit else rows)
    complete = not limit or len(newest) <= limit
    newest = newest[:limit] if limit else newest
    messages = [message_data(row) for row in reversed(newest)]
    answered = {str(row.reply_to_id) for row in newest if row.status in FINISHED}
    return LoadedChat(
        contact_info_submitted=claim is not None,
        messages=messages,
        complete=complete,
        replayed_seq=max(newest_seq, messages[-1].seq if messages else 0),
        unfinished=unfinished,
        rewritten=frozenset(unfinished) & answered,
    )


def lock_session(session_id: uuid.UUID) -> WidgetSession:
    """The session, its row locked until the transaction ends; `forbidden` where it is gone."""
    session = locked_sessions([session_id]).select_related("widget__organization").first()
    if session is None:
        raise chat_ended()
    return session


def locked_sessions(session_ids: Iterable[uuid.UUID]) -> QuerySet[WidgetSession]:
    """Those of the sessions that are there, once read locked until the transaction ends.

    In one order for all who lock several: no deadlock.
    """
    sessions = WidgetSession.objects.select_for_update(of=("self",))
    return sessions.filter(id__in=session_ids).order_by("id")


def chat_ended() -> ApplicationError:
    """The refusal of whatever is said in a chat that is over."""
    return ApplicationError(ErrorCode.FORBIDDEN, "This chat has ended.")


def check_may_write(
    *, is_over: bool, contact_info_mode: str, has_contact_info: bool, unfinished: int
) -> None:
    """Raise `forbidden` for a chat that is over, `contact_info_required`, or `busy` where too many
    messages wait already: `unfinished` are the turns of the session that have not ended.
    """
    if is_over:
        raise chat_ended()
    if contact_info_mode == ContactInfoMode.REQUIRED and not has_contact_info:
        raise ApplicationError(
            ErrorCode.CONTACT_INFO_REQUIRED, "Please leave your contact information first."
        )
    waiting = settings.LIMITS.queue_waiting
    if waiting and unfinished > waiting:
        raise ApplicationError(
            ErrorCode.BUSY,
            "Please wait for the answers to your earlier messages.",
            limit=LimitKind.BUSY,
        )


def append_message(
    session: WidgetSession, *, role: str, content: str, **fields: object
) -> WidgetMessage:
    """Write the next message of a session whose row the caller has locked."""
    now = timezone.now()
    session.last_seq += 1
    row = WidgetMessage(
        session=session,
        seq=session.last_seq,
        role=role,
        content=content,
        created_at=now,
    )
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    changes = {}
    if role == MessageRole.ASSISTANT:
        changes["last_answer_status"] = row.status
    WidgetSession.objects.filter(id=session.id).update(
        last_seq=session.last_seq, last_active_at=now, **changes
    )
    return row


def save_feedback(
    *, session_id: uuid.UUID, message_id: str, rating: str | None, comment: str | None
) -> None:
    """Keep a visitor's rating of an answer of this session; `forbidden` for any other message.

    A rating without a comment (None) leaves the one that is there; no rating, no comment.
    """
    answers = WidgetMessage.objects.filter(session_id=session_id, role=MessageRole.ASSISTANT)
    try:
        answers = answers.filter(id=uuid.UUID(message_id))
    except ValueError:
        answers = answers.none()
    kept = {} if rating and comment is None else {"rating_comment": comment if rating else ""}
    if not answers.update(rating=rating, **kept):
        raise ApplicationError(ErrorCode.FORBIDDEN, "There is no such answer in this chat.")


def message_data(row: WidgetMessage) -> MessageData:
    """A row as the socket side knows it."""
    return MessageData(
        id=str(row.id),
        seq=row.seq,
        role=row.role,
        content=row.content,
        created_at=row.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        status=row.status,
        sources=row.sources,
        feedback=row.rating,
        client_message_id=row.client_message_id,
    )
