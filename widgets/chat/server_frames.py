"""The server's frames, each for the version of the protocol that the socket speaks. Pure."""

from collections.abc import Sequence
from typing import Any

from loquent.errors import ErrorCode
from widgets.chat.protocol import Frame, byte_length, encode
from widgets.team_types import ConversationState
from widgets.types import FINISHED, ContactCard, MessageData, MessageRole, NoticeData

INTERNAL_SENTENCE = "Something went wrong on our side. Please try again."
# The longest form of a character in JSON, such as \u0007, and room for a line's other fields.
LONGEST_ESCAPE = 6
OTHER_FIELDS = 4_096


def session_frame(
    *,
    v2: bool,
    session_token: str,
    contact_info_submitted: bool,
    resumed: bool,
    starters: Sequence[str],
    notice: NoticeData | None,
    contact_card: ContactCard | None,
) -> Frame:
    """Return the first frame of every socket."""
    frame: Frame = {
        "type": "session",
        "session_token": session_token,
        "contact_info_submitted": contact_info_submitted,
    }
    if v2:
        frame |= {
            "resumed": resumed,
            "starters": list(starters),
            "notice": notice,
            "contact_card": contact_card,
        }
    return frame


def history_frame(
    *, v2: bool, messages: Sequence[MessageData], complete: bool, room: int = 0
) -> Frame | None:
    """Return earlier messages, oldest first; None if there is nothing to show.

    If they exceed `room` bytes (0: unlimited), the oldest are left out.
    """
    if not v2:
        shown = [m for m in messages if m.status in FINISHED]
        lines: list[Frame] = [{"role": _base_role(m), "content": m.content} for m in shown]
    else:
        lines = [
            {**_fields(m), "feedback": m.feedback, "client_message_id": m.client_message_id}
            for m in messages
        ]
    kept = _newest_that_fit(lines, room)
    if not kept:
        return None
    frame: Frame = {"type": "history", "messages": kept}
    return frame | {"complete": complete and len(kept) == len(lines)} if v2 else frame


def _newest_that_fit(lines: list[Frame], room: int) -> list[Frame]:
    most = sum(LONGEST_ESCAPE * len(line["content"]) + OTHER_FIELDS for line in lines)
    # Nearly always true, and avoids encoding them twice to find the exact length.
    if not room or most <= room:
        return lines
    for position in reversed(range(len(lines))):
        room -= byte_length(encode(lines[position])) + 1
        if room < 0:
            return lines[position + 1 :]
    return lines


def ack_frame(message: MessageData) -> Frame:
    """The message is committed (v2)."""
    return {
        "type": "ack",
        "client_message_id": message.client_message_id,
        "id": message.id,
        "seq": message.seq,
        "created_at": message.created_at,
    }


def message_frame(*, v2: bool, message: MessageData) -> Frame:
    """A finished message."""
    if v2:
        return {"type": "message", **_fields(message)}
    return {"type": "message", "content": message.content, "role": _base_role(message)}


def _base_role(message: MessageData) -> str:
    """Return the role for a base client, which knows two."""
    return message.role if message.role == MessageRole.USER else MessageRole.ASSISTANT.value


def _fields(message: MessageData) -> dict[str, Any]:
    # Absent if empty: only few answers have them.
    few: dict[str, Any] = {"choices": message.choices} if message.choices else {}
    if message.action:
        few["action"] = message.action
    return {
        "role": message.role,
        "author": {"name": message.author} if message.author else None,
        "kind": message.kind,
        "content": message.content,
        "id": message.id,
        "seq": message.seq,
        "created_at": message.created_at,
        "status": message.status,
        "outcome": message.outcome,
        "card": message.card,
        "sources": message.sources,
        **few,
    }


def typing_start_frame(*, v2: bool, message_id: str) -> Frame:
    """An answer is being written."""
    frame: Frame = {"type": "typing_start"}
    return frame | {"message_id": message_id} if v2 else frame


def typing_stop_frame() -> Frame:
    """The answer's turn is over."""
    return {"type": "typing_stop"}


def delta_frame(*, message_id: str, offset: int, content: str) -> Frame:
    """A piece of a growing answer (v2); `offset` in UTF-16 units."""
    return {"type": "delta", "message_id": message_id, "offset": offset, "content": content}


def contact_info_saved_frame() -> Frame:
    """The visitor's details are saved."""
    return {"type": "contact_info_saved"}


def feedback_saved_frame(message_id: str) -> Frame:
    """The rating is saved (v2)."""
    return {"type": "feedback_saved", "message_id": message_id}


def conversation_frame(state: ConversationState) -> Frame:
    """Who has the conversation, and what the visitor may ask for (v2)."""
    return {
        "type": "conversation",
        "handler": state.handler,
        "status": state.status,
        "person": {"name": state.person} if state.person is not None else None,
        "can_ask_person": state.can_ask_person,
        "can_ask_agent": state.can_ask_agent,
        "expected": state.expected,
        "back_at": state.back_at,
        "reply_email": state.reply_email,
        "survey": state.survey,
    }


def staff_typing_frame(*, name: str, on: bool) -> Frame:
    """A person writes, or has stopped."""
    return {"type": "staff_typing", "name": name, "on": on}


def reply_email_saved_frame() -> Frame:
    """The address for replies is kept (v2)."""
    return {"type": "reply_email_saved"}


def survey_saved_frame() -> Frame:
    """The rating of the conversation is kept (v2)."""
    return {"type": "survey_saved"}


def pong_frame() -> Frame:
    """The reply to `ping` (v2)."""
    return {"type": "pong"}


def error_frame(
    *,
    v2: bool,
    code: ErrorCode,
    message: str,
    retry_after: int | None = None,
    client_message_id: str | None = None,
) -> Frame:
    """An error, with a sentence for the visitor; `retry_after` in seconds."""
    frame: Frame = {"type": "error", "message": message, "code": code.value}
    if retry_after is not None:
        frame["retry_after"] = retry_after
    if v2 and client_message_id is not None:
        frame["client_message_id"] = client_message_id
    return frame
