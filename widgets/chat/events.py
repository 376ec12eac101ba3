"""What happens in a session, as its sockets are told of it. Pure.

Sockets of other processes get the same events through the channel layer, as plain dictionaries.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, get_args

from widgets.types import MessageData, NoticeData


@dataclass(frozen=True, slots=True)
class MessagePosted:
    """A visitor's message is committed; `sender` is the socket (its own name) that sent it."""

    message: MessageData
    sender: str


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The answer `reply_id` to the visitor's message `message_id` is being written."""

    message_id: str
    reply_id: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over. `answer` None: no row was written. `error`: a sentence, where it failed.

    `is_replacement`: the answer has taken the place of an earlier one, whose `seq` it has.
    """

    message_id: str
    reply_id: str
    answer: MessageData | None
    error: str | None = None
    error_code: str = "agent_unavailable"
    client_message_id: str | None = None
    retry_after: int | None = None
    is_replacement: bool = False


@dataclass(frozen=True, slots=True)
class SessionReplaced:
    """The visitor asked for a new conversation: every socket goes over to it."""

    session_id: str
    session_token: str
    contact_info_submitted: bool
    starters: list[str] = field(default_factory=list)
    notice: NoticeData | None = None

    def __repr__(self) -> str:
        return f"SessionReplaced({self.session_id!r})"


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The visitor wants the answer being written to stop, in whichever process it is."""


@dataclass(frozen=True, slots=True)
class AnswerWanted:
    """A socket elsewhere wants to follow the answer being written; between processes only."""


@dataclass(frozen=True, slots=True)
class AnswerSoFar:
    """What is written of an answer, for who wanted it; pieces follow as AnswerGrew."""

    message_id: str
    reply_id: str
    text: str


@dataclass(frozen=True, slots=True)
class AnswerGrew:
    """The next piece of an answer that somebody elsewhere follows; `offset` in UTF-16 units."""

    message_id: str
    reply_id: str
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Something of this session was not told; between processes only."""


Event = (
    MessagePosted
    | TurnStarted
    | TurnEnded
    | SessionReplaced
    | StopAsked
    | AnswerWanted
    | AnswerSoFar
    | AnswerGrew
    | LookAgain
)
KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def to_wire(event: Event) -> dict[str, Any]:
    """An event as the channel layer carries it."""
    return {"kind": type(event).__name__, **asdict(event)}


def from_wire(data: dict[str, Any]) -> Event:
    """The event that `to_wire` made."""
    fields = {name: value for name, value in data.items() if name != "kind"}
    for name in ("message", "answer"):
        if isinstance(fields.get(name), dict):
            fields[name] = MessageData(**fields[name])
    return KINDS[data["kind"]](**fields)
