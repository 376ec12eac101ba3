"""The events of conversations, for webhooks: ids, numbers and times, without any text.

The chat asks `has_webhooks` of the organization first, which is read with the session: without
webhooks, none of this runs.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from loquent.webhooks.services.events import record_events
from loquent.webhooks.texts import text_of
from loquent.webhooks.types import EventType, NewEvent
from widgets.models import WidgetMessage, WidgetSession
from widgets.models.team import EventKind
from widgets.types import AnswerOutcome, MessageKind, MessageRole

# What other programs receive about a transition; nothing if a conversation is snoozed or reopened.
_TRANSITIONS = {
    EventKind.ASKED: EventType.PERSON_WANTED,
    EventKind.FOLLOW_UP: EventType.PERSON_WANTED,
    EventKind.TAKEN: EventType.TAKEN_OVER,
    EventKind.ASSIGNED: EventType.TAKEN_OVER,
    EventKind.RELEASED: EventType.RELEASED,
    EventKind.HANDED_BACK: EventType.HANDED_BACK,
    EventKind.RESOLVED: EventType.RESOLVED,
    EventKind.ENDED: EventType.RESOLVED,
}


def message_events(
    row: WidgetMessage, *, organization_id: uuid.UUID, widget_id: str, starts: bool = False
) -> list[NewEvent]:
    """Return the events of a message that has just been written.

    `starts`: it is the visitor's first one.
    """
    data = {
        "session_id": str(row.session_id),
        "message_id": str(row.id),
        "seq": row.seq,
        "role": row.role,
        "widget_id": widget_id,
    }
    if row.kind != MessageKind.TEXT:
        data["kind"] = row.kind
    kinds = [EventType.MESSAGE_CREATED]
    if starts:
        kinds.insert(0, EventType.CONVERSATION_STARTED)
    if row.outcome == AnswerOutcome.FAILED:
        kinds.append(EventType.ANSWER_FAILED)
    return [
        NewEvent(
            kind,
            organization_id,
            {**data, "outcome": row.outcome} if row.outcome else data,
            session_id=row.session_id,
        )
        for kind in kinds
    ]


def is_first(row: WidgetMessage, *, revision: int) -> bool:
    """Return whether a visitor's message is their first: only lines of the team can precede it.

    revision: of the session before the message.
    """
    if row.seq == 1 or not revision:
        return row.seq == 1
    rows = WidgetMessage.objects.filter(session_id=row.session_id, role=MessageRole.USER)
    return not rows.filter(seq__lt=row.seq).exists()


def failed_answer_event(
    *, session_id: uuid.UUID, message_id: str, seq: int, organization_id: uuid.UUID, widget_id: str
) -> NewEvent:
    """Return the event of a visitor's message whose answer failed without a text."""
    data = {
        "session_id": str(session_id),
        "message_id": message_id,
        "seq": seq,
        "role": MessageRole.USER.value,
        "widget_id": widget_id,
        "outcome": AnswerOutcome.FAILED.value,
    }
    return NewEvent(EventType.ANSWER_FAILED, organization_id, data, session_id=session_id)


def note_message(row: WidgetMessage) -> None:
    """Record the events of a message that was written outside of the chat's batches."""
    found = hooked_session(row.session_id)
    if found is not None:
        organization_id, widget_id = found
        record_events(message_events(row, organization_id=organization_id, widget_id=widget_id))


def note_feedback(*, session_id: uuid.UUID, message_id: str, rating: str) -> None:
    """Record that a visitor rated an answer."""
    found = hooked_session(session_id)
    if found is None:
        return
    organization_id, widget_id = found
    data = {
        "session_id": str(session_id),
        "message_id": message_id,
        "seq": WidgetMessage.objects.values_list("seq", flat=True).get(id=message_id),
        "widget_id": widget_id,
        "rating": rating,
    }
    record_events(
        [NewEvent(EventType.FEEDBACK_RECEIVED, organization_id, data, session_id=session_id)]
    )


def note_transition(session: WidgetSession, kind: EventKind) -> None:
    """Record a transition that is written to a locked session, with its widget loaded."""
    widget = session.widget
    event_type = _TRANSITIONS.get(kind)
    if event_type is None or not widget.organization.has_webhooks:
        return
    data = {
        "session_id": str(session.id),
        "seq": session.last_seq,
        "widget_id": widget.widget_id,
        "revision": session.revision,
        "handler": session.handler,
        "status": session.status,
        "reason": session.wanted_reason or None,
        "member_id": session.assignee_id and str(session.assignee_id),
    }
    record_events([NewEvent(event_type, widget.organization_id, data, session_id=session.id)])


def hooked_session(session_id: uuid.UUID) -> tuple[uuid.UUID, str] | None:
    """Return the organization and public widget id of a session, if there are webhooks."""
    return (
        WidgetSession.objects.filter(id=session_id, widget__organization__has_webhooks=True)
        .values_list("widget__organization_id", "widget__widget_id")
        .first()
    )


@text_of(EventType.CONVERSATION_STARTED, EventType.MESSAGE_CREATED, EventType.ANSWER_FAILED)
def read_message(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a message says."""
    return _column(data, "text", "content")


@text_of(EventType.FEEDBACK_RECEIVED)
def read_comment(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the comment on an answer."""
    return _column(data, "comment", "rating_comment")


def _column(data: Mapping[str, Any], name: str, column: str) -> dict[str, Any] | None:
    found = WidgetMessage.objects.filter(id=data["message_id"]).values_list(column).first()
    return None if found is None else {name: found[0]}
