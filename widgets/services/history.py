"""Append messages to a session, and load the ones that a client lacks."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from widgets.action_types import is_waiting
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.attention import after_answer, after_message, signs_of
from widgets.services.handoff.state import find_conversation
from widgets.team_types import ConversationState
from widgets.types import FINISHED, MessageData, MessageRole, outcome_of

# A client that missed more messages than this should reconnect.
MOST_MISSED = 200


@dataclass(frozen=True, slots=True)
class LoadedChat:
    """The messages that a client lacks.

    `complete`: no older messages were left out. `replayed_seq`: with `messages`, the client has
    everything up to here. `unfinished`: visitor's messages whose answer isn't written yet; for
    those in `rewritten`, `messages` contains an earlier answer that ended well.
    """

    contact_info_submitted: bool
    messages: list[MessageData]
    complete: bool
    replayed_seq: int
    unfinished: tuple[str, ...]
    rewritten: frozenset[str]
    conversation: ConversationState

    @property
    def newest_answer(self) -> MessageData | None:
        """Return the last answer among `messages`."""
        return next((m for m in reversed(self.messages) if m.is_answer), None)


def load_chat(*, session_id: uuid.UUID, last_seq: int) -> LoadedChat:
    """Return what a client with everything up to `last_seq` lacks: at most 50 messages.

    Call it after subscribing to the session's events, so that none is lost in between.
    """
    # Turns are read before messages: an answer written in between is shown instead of awaited.
    found = find_conversation(session_id=session_id)
    limit = settings.LIMITS.history_messages
    newest: list[WidgetMessage] = []
    # New visitors, and most who reconnect, lack nothing.
    if found.last_seq > last_seq:
        rows = WidgetMessage.objects.filter(session_id=session_id, seq__gt=last_seq)
        newest = list(rows.order_by("-seq")[: limit + 1 if limit else None])
    complete = not limit or len(newest) <= limit
    newest = newest[:limit] if limit else newest
    messages = [message_data(row) for row in reversed(newest)]
    answered = {str(row.reply_to_id) for row in newest if row.status in FINISHED}
    return LoadedChat(
        contact_info_submitted=found.has_contact_info,
        messages=messages,
        complete=complete,
        replayed_seq=max(found.last_seq, messages[-1].seq if messages else 0),
        unfinished=found.unfinished,
        rewritten=frozenset(found.unfinished) & answered,
        conversation=found.state,
    )


@dataclass(frozen=True, slots=True)
class Missed:
    """Messages to show, oldest first; and the visitor's messages that are being answered.

    `questions`: for each answer among `messages`, the id of the visitor's message.
    """

    messages: list[MessageData]
    questions: dict[str, str]
    unfinished: frozenset[str]
    conversation: ConversationState
    decided: list[MessageData]


def load_missed(
    *, session_id: uuid.UUID, after_seq: int, answer: tuple[int, str], waiting: Collection[str] = ()
) -> Missed:
    """Return the messages after `after_seq`, and the answer that replaced `answer`.

    `decided`: those of the messages `waiting` for the visitor that no longer do.

    `answer` is the newest answer that the client was shown, as seq and id (0 for none). The result
    may include a message that also arrives as an event; the client's state shows it once.
    """
    found = find_conversation(session_id=session_id)
    seq, shown = answer
    rows: list[WidgetMessage] = []
    # After an outage of Redis each socket asks, and nearly all have missed nothing.
    if found.last_seq > after_seq or (seq and found.newest_answer != shown):
        missing = Q(seq__gt=after_seq)
        if seq:
            missing |= Q(seq=seq) & ~Q(id=shown)
        missed = WidgetMessage.objects.filter(missing, session_id=session_id).order_by("seq")
        rows = list(missed[:MOST_MISSED])
    answers = [row for row in rows if row.is_answer]
    proposals = WidgetMessage.objects.filter(id__in=waiting) if waiting else ()
    shown_waiting = [message_data(row) for row in proposals]
    return Missed(
        decided=[message for message in shown_waiting if not is_waiting(message.action)],
        messages=[message_data(row) for row in rows],
        questions={str(row.id): str(row.reply_to_id) for row in answers},
        unfinished=frozenset(found.unfinished),
        conversation=found.state,
    )


def append_message(
    session: WidgetSession, *, role: str, content: str, is_activity: bool = True, **fields: object
) -> WidgetMessage:
    """Write the next message of a session whose row the caller has locked.

    `is_activity`: the session counts as active now.
    """
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
    changes: dict[str, Any] = {"last_active_at": now} if is_activity else {}
    if row.is_answer:
        row.outcome = row.outcome or outcome_of(row.status)
        session.attention = after_answer(session.attention, row.outcome)
        changes |= {"last_answer_status": row.status, "outcome": row.outcome}
    elif MessageRole(role).is_visitor:
        signs = signs_of(content)
        session.signs |= signs
        session.attention |= after_message(signs)
    row.save(force_insert=True)
    WidgetSession.objects.filter(id=session.id).update(
        last_seq=session.last_seq,
        attention=session.attention,
        signs=session.signs,
        **changes,
    )
    return row


def iso_time(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, with microseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def message_data(row: WidgetMessage) -> MessageData:
    """Return a row as sockets use it."""
    return MessageData(
        id=str(row.id),
        seq=row.seq,
        role=row.role,
        content=row.content,
        created_at=iso_time(row.created_at),
        status=row.status,
        outcome=row.outcome or None,
        card=row.card,
        choices=row.choices,
        sources=row.sources,
        feedback=row.rating,
        # A colleague's key is none of the visitor's.
        client_message_id=None if row.sender else row.client_message_id,
        author=row.author,
        kind=row.kind,
        action=row.action,
    )
