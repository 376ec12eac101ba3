"""The events of a session. Pure.

A `ClientEvent` is for the session's sockets, in every process. A `ProcessEvent` is for the process
that runs the session's turn, or has its sockets. Each union is closed: a `match` over one ends in
`assert_never`, so that mypy reports a kind that is not handled.
"""

from dataclasses import dataclass, field
from typing import Any

from widgets.types import ContactCard, MessageData, NoticeData


@dataclass(frozen=True, slots=True)
class MessagePosted:
    """A message is committed that ends no turn: a visitor's, a person's, or a transition's line.

    `sender` is the socket (its own name) that sent it.
    """

    message: MessageData
    sender: str


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The answer `reply_id` to the visitor's message `message_id` is being written."""

    message_id: str
    reply_id: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn has ended. `answer` None: no row was written. `error`: a sentence, if it failed.

    `is_replacement`: the answer replaced an earlier one and has its `seq`.
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
class ActionChanged:
    """The visitor has decided about the change that a message proposes, or it has expired.

    `reply_id`: the change is being carried out, and this message will say how it went.
    """

    message: MessageData
    reply_id: str = ""


@dataclass(frozen=True, slots=True)
class ActionEnded:
    """The change that the message `message_id` proposed is over; `answer` says how it went."""

    message_id: str
    answer: MessageData


@dataclass(frozen=True, slots=True)
class SessionReplaced:
    """The visitor started a new conversation: every socket switches to it."""

    session_id: str
    session_token: str
    contact_info_submitted: bool
    starters: list[str] = field(default_factory=list)
    notice: NoticeData | None = None
    contact_card: ContactCard | None = None
    back_at: str | None = None
    is_person_offered: bool = False

    def __repr__(self) -> str:
        return f"SessionReplaced({self.session_id!r})"


@dataclass(frozen=True, slots=True)
class AnswerSoFar:
    """The text of an answer so far, requested by another process; AnswerGrew has the rest."""

    message_id: str
    reply_id: str
    text: str


@dataclass(frozen=True, slots=True)
class AnswerGrew:
    """The next piece of an answer that another process follows; `offset` in UTF-16 units."""

    message_id: str
    reply_id: str
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The visitor wants to stop the running answer, in any process."""


@dataclass(frozen=True, slots=True)
class AnswerRequested:
    """A socket of another process wants to follow the answer being written."""


@dataclass(frozen=True, slots=True)
class ResyncRequested:
    """An event of this session was not sent: its sockets have to read the database."""


@dataclass(frozen=True, slots=True)
class ConversationChanged:
    """A transition is committed: sockets read the database, and the turns in `ended` stop."""

    ended: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StaffTyping:
    """A person of the team writes to the visitor, or has stopped."""

    name: str
    on: bool


@dataclass(frozen=True, slots=True)
class MemberPresent:
    """A member looks at a conversation, writes in it, or has left it; for their colleagues."""

    conversation: str
    organization: str
    member: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class InboxChanged:
    """These conversations have changed: open inboxes read them again."""

    ids: list[str]


# What the client's state turns into frames.
ShownEvent = MessagePosted | TurnStarted | TurnEnded | ActionChanged | ActionEnded
ClientEvent = ShownEvent | SessionReplaced | AnswerSoFar | AnswerGrew | StaffTyping | MemberPresent
ProcessEvent = (
    StopRequested | AnswerRequested | ResyncRequested | ConversationChanged | InboxChanged
)
Event = ClientEvent | ProcessEvent

# The names in the channel layer. Two versions exchange events during a deploy: don't rename.
KINDS: dict[str, type[Event]] = {
    "MessagePosted": MessagePosted,
    "TurnStarted": TurnStarted,
    "TurnEnded": TurnEnded,
    "ActionChanged": ActionChanged,
    "ActionEnded": ActionEnded,
    "SessionReplaced": SessionReplaced,
    "AnswerSoFar": AnswerSoFar,
    "AnswerGrew": AnswerGrew,
    "StopAsked": StopRequested,
    "AnswerWanted": AnswerRequested,
    "LookAgain": ResyncRequested,
    "ConversationChanged": ConversationChanged,
    "StaffTyping": StaffTyping,
    "MemberPresent": MemberPresent,
    "InboxChanged": InboxChanged,
}
_FIELDS = {kind: kind.__dataclass_fields__ for kind in (*KINDS.values(), MessageData)}
NAMES = {kind: name for name, kind in KINDS.items()}


def to_wire(event: Event) -> dict[str, Any]:
    """Return an event as the channel layer carries it."""
    data = _plain(event)
    if isinstance(event, SessionReplaced):
        # The version before doesn't know them. It has no hand-off either.
        for name in ("back_at", "is_person_offered"):
            if not data[name]:
                del data[name]
    return {"kind": NAMES[type(event)], **data}


def _plain(value: Event | MessageData) -> dict[str, Any]:
    """Return the fields of an event; `dataclasses.asdict` would copy what they hold, too."""
    data: dict[str, Any] = {}
    for name in _FIELDS[type(value)]:
        held = getattr(value, name)
        data[name] = _plain(held) if isinstance(held, MessageData) else held
    return data


def from_wire(data: dict[str, Any]) -> Event | None:
    """Return the event that was passed to `to_wire`; None if only a newer version knows its kind.

    Fields that only a newer version knows are left out.
    """
    kind = KINDS.get(data["kind"])
    if kind is None:
        return None
    fields = {name: value for name, value in data.items() if name in _FIELDS[kind]}
    for name in ("message", "answer"):
        if isinstance(fields.get(name), dict):
            known = _FIELDS[MessageData]
            fields[name] = MessageData(**{k: v for k, v in fields[name].items() if k in known})
    return kind(**fields)
