"""Return whole conversations, for the staff page and as files."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects
from django.utils.timezone import localdate

from loquent.text import indent_lines, one_line
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.conversations import visitor_name
from widgets.services.history import iso_time
from widgets.services.pages import page_data
from widgets.types import MessageKind, MessageRole, MessageStatus

# A page shows at most this many messages of a conversation, the newest.
MOST_SHOWN = 300
ASSISTANT = "Assistant"
NOTICE = "Notice"
SENTENCES = {
    MessageStatus.FAILED.value: "No answer: the model failed.",
    MessageStatus.STOPPED.value: "No answer: the visitor stopped it before the first word.",
    MessageStatus.INTERRUPTED.value: "No answer: the server was interrupted.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A message as staff see it. `note`: why there is no answer, or that one is pending.

    `starts_day`: it is the first one of its day. `page`: the visitor's page if it is another than
    before.
    """

    message: WidgetMessage
    note: str = ""
    is_waiting: bool = False
    starts_day: bool = False
    page: str = ""

    @property
    def ending(self) -> str:
        """Return how the message ended, for staff; "" if it is complete."""
        if self.message.status == MessageStatus.COMPLETE:
            return ""
        return self.message.get_cut_reason_display() or self.message.get_status_display()

    @property
    def is_reply(self) -> bool:
        """Return whether the message is from the agent or staff, not from the visitor."""
        return not MessageRole(self.message.role).is_visitor


def transcript(
    *, session: WidgetSession, after: int = 0, most: int | None = MOST_SHOWN
) -> tuple[list[Line], int]:
    """Return the newest lines after `after`, oldest first, and how many older are omitted."""
    rows = WidgetMessage.objects.filter(session=session, seq__gt=after).order_by("-seq")
    messages = list(rows if most is None else rows[:most])[::-1]
    awaited = set(session.turns.values_list("message_id", flat=True))
    answered = {message.reply_to_id for message in messages}
    days, pages = _new_days(session, messages), _new_pages(session, messages)
    lines = [
        Line(
            message,
            starts_day=message.id in days,
            page=message.page_url if message.id in pages else "",
            note=""
            if message.id in answered or message.id in awaited
            else SENTENCES.get(message.turn_status, ""),
            is_waiting=message.id in awaited and message.id not in answered,
        )
        for message in messages
    ]
    first = messages[0].seq if messages else after + 1
    return lines, max(0, first - 1 - after)


def _new_days(session: WidgetSession, messages: Sequence[WidgetMessage]) -> set[uuid.UUID]:
    """Return the messages that are the first of their day, in the active time zone."""
    earlier = _before(session, messages).first()
    day = localdate(earlier.created_at) if earlier else None
    found = set()
    for message in messages:
        if localdate(message.created_at) != day:
            day = localdate(message.created_at)
            found.add(message.id)
    return found


def _new_pages(session: WidgetSession, messages: Sequence[WidgetMessage]) -> set[uuid.UUID]:
    """Return the visitor's messages from another page than the one before."""
    earlier = _before(session, messages).exclude(page_url="").first()
    page = earlier.page_url if earlier else ""
    found = set()
    for message in messages:
        if message.page_url and message.page_url != page:
            page = message.page_url
            found.add(message.id)
    return found


def _before(session: WidgetSession, messages: Sequence[WidgetMessage]) -> QuerySet[WidgetMessage]:
    first = messages[0].seq if messages else 0
    rows = WidgetMessage.objects.filter(session=session, seq__lt=first)
    return rows.only("created_at", "page_url").order_by("-seq")


def load_records(*, ids: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    """Return the records of these conversations, in this order, without those that are deleted."""
    rows = WidgetSession.objects.select_related("widget", "contact").in_bulk(list(ids))
    sessions = [rows[key] for key in ids if key in rows]
    prefetch_related_objects(sessions, "messages")
    return [conversation_record(session=session) for session in sessions]


def conversation_record(*, session: WidgetSession) -> dict[str, Any]:
    """Return a whole conversation as JSON values; times are ISO 8601 in UTC."""
    contact = session.contact
    return {
        "id": str(session.id),
        "visitor": visitor_name(session),
        "widget": {"id": str(session.widget_id), "name": session.widget.name},
        "contact": contact
        and {
            "id": str(contact.id),
            "name": contact.name,
            "email": contact.email,
            "phone": contact.phone,
        },
        "typed": session.contact_claim,
        "created_at": iso_time(session.created_at),
        "last_active_at": iso_time(session.last_active_at),
        "ended_at": session.ended_at and iso_time(session.ended_at),
        "page": page_data(session.page),
        "last_answer": session.last_answer_status or None,
        "outcome": session.outcome or None,
        "survey": session.survey,
        "messages": [
            _message(message) for message in sorted(session.messages.all(), key=lambda m: m.seq)
        ],
    }


def _message(message: WidgetMessage) -> dict[str, Any]:
    return {
        "seq": message.seq,
        "role": message.role,
        "author": message.author or None,
        "kind": message.kind,
        "content": message.content,
        "status": message.status,
        "outcome": message.outcome or None,
        "cut_reason": message.cut_reason or None,
        "unanswered": message.turn_status or None,
        "created_at": iso_time(message.created_at),
        "page_url": message.page_url or None,
        "sources": message.sources,
        **({"choices": message.choices} if message.choices else {}),
        **({"action": message.action} if message.action else {}),
        "model": message.model or None,
        "input_tokens": message.input_tokens,
        "output_tokens": message.output_tokens,
        "first_token_ms": message.first_token_ms,
        "duration_ms": message.duration_ms,
        "rating": message.rating,
        "rating_comment": message.rating_comment or None,
    }


def record_text(record: dict[str, Any]) -> str:
    """Return a record as plain text.

    Text by a visitor or a model can't imitate the file's own lines: messages are indented by two
    spaces, and every other value is kept on one line.
    """
    return "\n".join(_text_lines(record)) + "\n"


def _text_lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"Conversation with {one_line(record['visitor'])}"
    yield f"Widget: {one_line(record['widget']['name'] or record['widget']['id'])}"
    yield f"Began: {record['created_at']}"
    if record["page"]:
        yield f"Page: {one_line(record['page']['url'])}"
    for name, value in (record["typed"] or {}).items():
        yield f"Typed {name}: {one_line(value)}"
    if survey := record["survey"]:
        comment = f": {survey['comment']}" if survey["comment"] else ""
        yield one_line(f"Rating: {survey['score']} of 5{comment}")
    for message in record["messages"]:
        is_visitor = MessageRole(message["role"]).is_visitor
        who = _visitor_label(record["visitor"]) if is_visitor else reply_label(message)
        who = one_line(f"{message['author']} (team)") if message["author"] else who
        status = "" if message["status"] == MessageStatus.COMPLETE else f" ({message['status']})"
        yield ""
        yield f"[{message['created_at']}] {who}{status}:"
        yield indent_lines(message["content"])
        for source in message["sources"]:
            yield one_line(f"Source: {source['title']} {source['url']}".rstrip())
        for choice in message.get("choices", ()):
            yield one_line(f"Button: {choice['title']}")
        if action := message.get("action"):
            values = ", ".join(f"{name}: {value}" for name, value in action["arguments"].items())
            yield one_line(f"Action ({action['status']}): {action['title']} ({values})")
        if message["rating"]:
            comment = f": {message['rating_comment']}" if message["rating_comment"] else ""
            yield one_line(f"Thumbs {message['rating']}{comment}")
        if message["unanswered"] and message["unanswered"] in SENTENCES:
            yield SENTENCES[message["unanswered"]]


def reply_label(message: dict[str, Any]) -> str:
    """Return who wrote a reply without an author: the agent, or a transition."""
    return NOTICE if message["kind"] == MessageKind.NOTICE else ASSISTANT


def _visitor_label(name: str) -> str:
    """Return the name above a visitor's messages, marked if it resembles one of ours."""
    name = one_line(name)
    is_ours = name.casefold().startswith((ASSISTANT.casefold(), NOTICE.casefold()))
    return f"{name} (visitor)" if is_ours else name
