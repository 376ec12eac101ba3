"""The wire protocol, without I/O: parses client frames, and defines the server's frames.

docs/protocol.md explains it; docs/frames.json has an example of every frame.
"""

import json
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, NoReturn

from loquent.agents.types import VisitorPage
from loquent.errors import ErrorCode
from loquent.text import clean_text, cut_marks, is_blank, normalize_unicode
from widgets.visitor_page import read_page

V2_SUBPROTOCOL = "loquent.v2"
TOKEN_SUBPROTOCOL = "loquent.token."
MAX_CONTACT_FIELD = 1_000
MAX_COMMENT = 2_000
MAX_PAGE_BYTES = 4_096
# NFC merges at most four code points into one: a text longer than this many times the limit is too
# long in any case, and is not normalized.
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


@dataclass(frozen=True, slots=True)
class MessageFrame:
    """The visitor sends a message; the content is cleaned and not empty."""

    content: str
    client_message_id: str | None


@dataclass(frozen=True, slots=True)
class ContactInfoFrame:
    """The visitor's details, as typed; None if not given."""

    name: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class FeedbackFrame:
    """A rating of an answer. `rating` None removes it; `comment` None keeps the earlier comment."""

    message_id: str
    rating: Literal["up", "down"] | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class RegenerateFrame:
    """Regenerate the latest answer."""

    message_id: str


@dataclass(frozen=True, slots=True)
class StopFrame:
    """Stop the running answer."""


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The page that the visitor is on."""

    page: VisitorPage


@dataclass(frozen=True, slots=True)
class NewConversationFrame:
    """End this session and start another."""


@dataclass(frozen=True, slots=True)
class PingFrame:
    """Check the connection."""


ClientFrame = (
    MessageFrame
    | ContactInfoFrame
    | FeedbackFrame
    | RegenerateFrame
    | StopFrame
    | PageFrame
    | NewConversationFrame
    | PingFrame
)
BASE_TYPES = frozenset({"message", "contact_info"})
V2_TYPES = BASE_TYPES | {"feedback", "regenerate", "stop", "page", "new_conversation", "ping"}


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
        case _:
            return PingFrame()


def _decode(raw: str | bytes | None) -> Frame:
    if not isinstance(raw, str):
        _refuse("Frames must be text, not binary.")
    try:
        data = json.loads(raw, parse_constant=_refuse_constant)
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


def _message_id(data: Frame) -> str:
    message_id = data.get("message_id")
    if not isinstance(message_id, str) or not 1 <= len(message_id) <= 64:
        _refuse("This frame needs the message_id of an answer.")
    return message_id


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


def is_too_big(raw: str | bytes | None, limit: int) -> bool:
    """Return whether a frame has more bytes than `limit` (0: unlimited)."""
    if raw is None or not limit:
        return False
    return (byte_length(raw) if isinstance(raw, str) else len(raw)) > limit


def encode(frame: Frame) -> str:
    """Return a frame as it is sent."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def byte_length(text: str) -> int:
    """Return the length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def utf16_length(text: str) -> int:
    """Return the length of a text as JavaScript counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
