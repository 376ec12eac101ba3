"""The wire protocol, without I/O: parses client frames, and defines the server's frames.

docs/protocol.md explains it; docs/frames.json has an example of every frame.
"""

import json
import re
from enum import IntEnum
from typing import Any, NoReturn

from loquent.errors import ErrorCode
from loquent.text import clean_text, cut_marks, is_blank, normalize_unicode
from widgets.chat.client_frames import (
    ActionFrame,
    AskAgentFrame,
    AskPersonFrame,
    ClientFrame,
    ContactInfoFrame,
    FeedbackFrame,
    MessageFrame,
    NewConversationFrame,
    PageFrame,
    PingFrame,
    RegenerateFrame,
    ReplyEmailFrame,
    SeenFrame,
    StopFrame,
    SurveyFrame,
)
from widgets.visitor_page import read_page

V2_SUBPROTOCOL = "loquent.v2"
TOKEN_SUBPROTOCOL = "loquent.token."
MAX_CONTACT_FIELD = 1_000
MAX_COMMENT = 2_000
MAX_PAGE_BYTES = 4_096
MAX_SEQ = 2**31 - 1
BEST_SCORE = 5
# NFC makes one code point of four at most: what is longer than this many times the limit is too
# long in any case, and need not be normalized to know it.
NFC_SHRINKS = 4
Frame = dict[str, Any]
_CLIENT_MESSAGE_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}\Z")


class CloseCode(IntEnum):
    """Why the server closes a socket (docs/protocol.md, "Close codes")."""

    GOING_AWAY = 1001
    TOO_BIG = 1009
    SERVER_FAULT = 1011
    RESTART = 1012
    BAD_FRAMES = 4400
    FORBIDDEN = 4403
    GONE = 4404
    IDLE = 4408
    TOO_MANY_SOCKETS = 4409
    TOO_MANY_REQUESTS = 4429


class FrameError(Exception):
    """A client's frame is invalid; the socket stays open."""

    def __init__(
        self, code: ErrorCode, message: str, *, client_message_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.client_message_id = client_message_id


BASE_TYPES = frozenset({"message", "contact_info"})
V2_TYPES = BASE_TYPES | {
    "feedback",
    "regenerate",
    "stop",
    "page",
    "new_conversation",
    "ask_person",
    "ask_agent",
    "reply_email",
    "seen",
    "survey",
    "action",
    "ping",
}


def parse_client_frame(raw: str | bytes | None, *, v2: bool, message_chars: int) -> ClientFrame:
    """Parse a client's frame; `message_chars` is the maximum message length (0: unlimited).

    Unknown fields are ignored, unknown types refused. Raises FrameError, whatever the input.
    """
    data = _decode(raw)
    kind = data.get("type")
    if not isinstance(kind, str):
        _refuse("A frame needs a type.")
    if kind not in (V2_TYPES if v2 else BASE_TYPES):
        raise FrameError(ErrorCode.UNSUPPORTED_FRAME, "This type of frame is not supported.")
    match kind:
        case "message":
            return _parse_message(data, v2=v2, message_chars=message_chars)
        case "contact_info":
            return ContactInfoFrame(
                *(
                    _optional_text(data, name, MAX_CONTACT_FIELD)
                    for name in ("name", "email", "phone")
                )
            )
        case "feedback":
            return _parse_feedback(data)
        case "regenerate":
            return RegenerateFrame(_message_id(data))
        case "stop":
            return StopFrame()
        case "page":
            return _parse_page(data, raw)
        case "new_conversation":
            return NewConversationFrame()
        case "action":
            return _parse_action(data)
        case "ping":
            return PingFrame()
        case _:
            return _parse_for_team(kind, data)


def _parse_for_team(kind: str, data: Frame) -> ClientFrame:
    match kind:
        case "ask_person":
            return AskPersonFrame()
        case "ask_agent":
            return AskAgentFrame()
        case "reply_email":
            return ReplyEmailFrame(_optional_text(data, "email", MAX_CONTACT_FIELD) or "")
        case "seen":
            return SeenFrame(_whole_number(data, "seq", 1, MAX_SEQ))
        case _:
            score = _whole_number(data, "score", 1, BEST_SCORE)
            return SurveyFrame(score, _optional_text(data, "comment", MAX_COMMENT) or "")


def _decode(raw: str | bytes | None) -> Frame:
    if not isinstance(raw, str):
        _refuse("Frames must be text, not binary.")
    try:
        data = _decoder.decode(raw)
    except (ValueError, RecursionError):
        _refuse("The frame is not valid JSON.")
    if not isinstance(data, dict):
        _refuse("A frame must be a JSON object.")
    return data


def _parse_message(data: Frame, *, v2: bool, message_chars: int) -> MessageFrame:
    client_message_id = data.get("client_message_id") if v2 else None
    if client_message_id is not None and not (
        isinstance(client_message_id, str) and _CLIENT_MESSAGE_ID.match(client_message_id)
    ):
        _refuse("client_message_id has 1 to 64 letters, digits, _ or -.")
    content = data.get("content")
    if not isinstance(content, str):
        raise FrameError(
            ErrorCode.INVALID_FRAME,
            "A message needs content, which must be a string.",
            client_message_id=client_message_id,
        )
    content = clean_text(content).strip()
    if message_chars and len(content) > NFC_SHRINKS * message_chars:
        _refuse_long_message(message_chars, client_message_id)
    cut = cut_marks(content)
    # Removed marks count as well: the limit applies to the text as written.
    length = len(content) - len(cut)
    content = normalize_unicode("NFC", cut).strip()
    length += len(content)
    if is_blank(content):
        raise FrameError(
            ErrorCode.MESSAGE_EMPTY,
            "Please write a message first.",
            client_message_id=client_message_id,
        )
    if message_chars and length > message_chars:
        _refuse_long_message(message_chars, client_message_id)
    return MessageFrame(content, client_message_id)


def _refuse_long_message(message_chars: int, client_message_id: str | None) -> NoReturn:
    raise FrameError(
        ErrorCode.MESSAGE_TOO_LONG,
        f"Please write at most {message_chars} characters.",
        client_message_id=client_message_id,
    )


def _parse_feedback(data: Frame) -> FeedbackFrame:
    message_id = _message_id(data)
    rating = data.get("rating", "")
    if rating not in ("up", "down", None):
        _refuse("A rating must be “up”, “down” or null.")
    return FeedbackFrame(message_id, rating, _optional_text(data, "comment", MAX_COMMENT))


def _parse_page(data: Frame, raw: str | bytes | None) -> PageFrame:
    if is_too_big(raw, MAX_PAGE_BYTES):
        _refuse(f"A page frame can have at most {MAX_PAGE_BYTES} bytes.")
    try:
        return PageFrame(read_page(data))
    except ValueError as error:
        _refuse(str(error))


def _parse_action(data: Frame) -> ActionFrame:
    name, confirm = data.get("id"), data.get("confirm")
    if not isinstance(name, str) or not 1 <= len(name) <= 64:
        _refuse("This frame needs the id of an action.")
    if not isinstance(confirm, bool):
        _refuse("confirm must be true or false.")
    return ActionFrame(name, confirm)


def _message_id(data: Frame) -> str:
    message_id = data.get("message_id")
    if not isinstance(message_id, str) or not 1 <= len(message_id) <= 64:
        _refuse("This frame needs the message_id of an answer.")
    return message_id


def _whole_number(data: Frame, name: str, least: int, most: int) -> int:
    value = data.get(name)
    # JSON's true is an int in Python.
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        _refuse(f"{name} is a whole number from {least} to {most}.")
    return value


def _optional_text(data: Frame, name: str, longest: int) -> str | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        _refuse(f"{name} must be a string.")
    return clean_text(value)[:longest].strip()


def _refuse(message: str) -> NoReturn:
    raise FrameError(ErrorCode.INVALID_FRAME, message)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


# Kept, because `json.loads` and `json.dumps` would build one for each frame.
_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def is_too_big(raw: str | bytes | None, limit: int) -> bool:
    """Return whether a frame has more bytes than `limit` (0: unlimited)."""
    if raw is None or not limit:
        return False
    return (byte_length(raw) if isinstance(raw, str) else len(raw)) > limit


def encode(frame: Frame) -> str:
    """Return a frame as it is sent."""
    return _encoder.encode(frame)


def byte_length(text: str) -> int:
    """Return the length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def utf16_length(text: str) -> int:
    """Return the length of a text as JavaScript counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
