"""The widget module's enums, and the data that its layers exchange."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TypedDict

from django.db import models

from loquent.agents.types import AgentLimit, Choice, Source
from widgets.action_types import ActionData


class WidgetPosition(models.TextChoices):
    """The corner of the page that holds the button."""

    BOTTOM_RIGHT = "bottom_right", "Bottom right"
    BOTTOM_LEFT = "bottom_left", "Bottom left"


class ContactInfoMode(models.TextChoices):
    """Whether visitors are asked for their details, and whether these are required."""

    NONE = "none", "Don't ask"
    OPTIONAL = "optional", "Visitors may leave their details"
    REQUIRED = "required", "Visitors must leave their details before they chat"


class MessageRole(models.TextChoices):
    """The author of a message."""

    USER = "user", "Visitor"
    ASSISTANT = "assistant", "Assistant"
    STAFF = "staff", "Staff"

    @property
    def is_visitor(self) -> bool:
        """Return whether the visitor wrote the message."""
        return self is MessageRole.USER

    @property
    def is_answer(self) -> bool:
        """Return whether an agent wrote the message; it ends a turn, and can be rated."""
        return self is MessageRole.ASSISTANT


class MessageKind(models.TextChoices):
    """Whether someone wrote a message, or a transition did (widgets/services/handoff/)."""

    TEXT = "text", "Text"
    NOTICE = "notice", "Notice"


class MessageStatus(models.TextChoices):
    """How a message ended (docs/protocol.md, "Status")."""

    COMPLETE = "complete", "Complete"
    CUT = "cut", "Cut off"
    STOPPED = "stopped", "Stopped by the visitor"
    FAILED = "failed", "Failed"
    INTERRUPTED = "interrupted", "Interrupted by a crash"


class AnswerOutcome(models.TextChoices):
    """The result of an answer for the visitor; `status` says how its text ended."""

    ANSWERED = "answered", "Answered"
    NO_ANSWER = "no_answer", "No answer found"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped by the visitor"
    REFUSED = "refused", "Declined by the provider"
    # Of a conversation, not of an answer: people answer in place of the agent.
    HANDED_OVER = "handed_over", "Handed over"


def outcome_of(status: str, *, complete: str = AnswerOutcome.ANSWERED.value) -> str:
    """Return an answer's outcome by its status; `complete`: the outcome of a complete answer."""
    match status:
        case MessageStatus.FAILED | MessageStatus.INTERRUPTED:
            return AnswerOutcome.FAILED.value
        case MessageStatus.STOPPED:
            return AnswerOutcome.STOPPED.value
    return complete


# An answer that left the visitor without help.
UNHELPFUL = frozenset({AnswerOutcome.NO_ANSWER.value, AnswerOutcome.FAILED.value})
# An answer that ended well, was cut by its maximum length or a filter, or was stopped on purpose.
# Base clients, which know no status, and the model see only these.
FINISHED = frozenset(
    {MessageStatus.COMPLETE.value, MessageStatus.CUT.value, MessageStatus.STOPPED.value}
)


class CutReason(models.TextChoices):
    """Why an answer with the status `cut` is incomplete."""

    LENGTH = "length", "Cut off at the maximum answer length"
    FILTER = "filter", "Cut off by the provider's content filter"
    UNKNOWN = "unknown", "Cut off by the provider"


class Sign(IntFlag):
    """What visitors' messages say about a conversation; kept for good."""

    QUESTION = 1
    THANKS = 2
    PERSON = 4
    DETAILS = 8
    COMPLAINT = 16
    # Of one message only: it is no question.
    GREETING = 32


class Attention(IntFlag):
    """Why a conversation needs staff, most urgent last; the lower bits are no reasons yet.

    A conversation needs staff if the number is at least that of FAILED.
    """

    HAS_DETAILS = 1
    ONE_NO_ANSWER = 2
    TWO_NO_ANSWERS = 4
    COMPLAINED = 8
    FAILED = 16
    NO_ANSWER = 32
    LEFT_DETAILS = 64
    UNHAPPY = 128
    PERSON = 256


class Reason(models.TextChoices):
    """The reasons of Attention by name, in the order in which staff should look at them."""

    PERSON = "asked_for_person", "Asked for a person"
    UNHAPPY = "unhappy", "Unhappy"
    LEFT_DETAILS = "left_details", "Left details"
    NO_ANSWER = "no_answer", "No answer found"
    FAILED = "failed", "Failed"

    @property
    def bit(self) -> int:
        """The reason's bit in `WidgetSession.attention`."""
        return Attention[self.name].value


class Rating(models.TextChoices):
    """A visitor's rating of an answer."""

    UP = "up", "Thumbs up"
    DOWN = "down", "Thumbs down"


class Unanswered(models.TextChoices):
    """Why a question counts as unanswered; most serious first."""

    NO_ANSWER = "no_answer", "No answer found"
    HANDED_OVER = "handed_over", "Handed over to a person"
    CHOICES = "choices", "No choice clicked"
    THUMBS_DOWN = "thumbs_down", "Thumbs down"


class TurnState(models.TextChoices):
    """A turn either waits or runs; a finished one has no row."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"


class LimitKind(models.TextChoices):
    """The limit that refused a visitor; services/rate_limits.py has the rates and sentences."""

    MESSAGES = "messages", "messages per visitor per minute"
    MESSAGES_DAY = "messages_day", "messages per visitor per day"
    MESSAGES_IP = "messages_ip", "messages per IP address"
    FRAMES = "frames", "frames per socket"
    FRAMES_IP = "frames_ip", "frames per IP address"
    HANDSHAKES_IP = "handshakes_ip", "connections per IP address"
    SESSIONS_IP = "sessions_ip", "new conversations per IP address"
    SOCKETS_IP = "sockets_ip", "open sockets per IP address"
    SOCKETS = "sockets", "open sockets on the server"
    CONTACT_INFO = "contact_info", "contact forms per visitor"
    ASK_PERSON = "ask_person", "calls for a person per visitor"
    BUSY = "busy", "messages waiting for an answer"
    DAILY_CAP = "daily_cap", "daily message limit"
    TOKENS = AgentLimit.TOKENS.value, "daily token budget"
    MODEL_CALLS = AgentLimit.MODEL_CALLS.value, "simultaneous model calls"


DEFAULT_PRIMARY_COLOR = "#6366f1"
DEFAULT_TEXT_COLOR = "#ffffff"


class NoticeData(TypedDict):
    """The AI disclosure or privacy line. `consent`: visitors must agree before they write."""

    text: str
    url: str | None
    consent: bool


class ContactCard(TypedDict):
    """How visitors reach the organization without the chat; None for fields that are not set.

    `hours`: ranges of times per day of the week, in the organization's time zone.
    """

    phone: str | None
    email: str | None
    hours: dict[str, list[list[str]]] | None
    address: str | None


@dataclass(frozen=True, slots=True)
class WidgetConfigData:
    """All settings of a widget that staff or a program can change."""

    text_agent_id: uuid.UUID
    name: str | None = None
    greeting: str | None = None
    primary_color: str = DEFAULT_PRIMARY_COLOR
    text_color: str = DEFAULT_TEXT_COLOR
    position: str = WidgetPosition.BOTTOM_RIGHT.value
    contact_info_mode: str = ContactInfoMode.NONE.value
    collect_name: bool = False
    collect_email: bool = False
    collect_phone: bool = False
    starters: list[str] = field(default_factory=list)
    notice: NoticeData | None = None
    allowed_origins: list[str] | None = None
    daily_message_cap: int | None = None
    handoff_enabled: bool = True
    handoff_recipients: list[str] = field(default_factory=list)
    enabled: bool = True


class WidgetPublicConfig(TypedDict):
    """The nine keys that any site may read; they contain no internal identifier."""

    name: str | None
    greeting: str | None
    primary_color: str
    text_color: str
    position: str
    contact_info_mode: str
    collect_name: bool
    collect_email: bool
    collect_phone: bool


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A browser's headers about the page that requests a widget, as sent."""

    widget_id: str
    origins: Sequence[bytes]
    fetch_site: bytes


@dataclass(frozen=True, slots=True)
class Handshake:
    """The request that opens a visitor's socket.

    `ip`: the key of the client's address (loquent/server/addresses.py). `language`: what the
    browser asks for first, "" if unknown.
    """

    request: PageRequest
    token: str | None = field(repr=False)
    last_seq: int
    ip: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class MessageData:
    """A message as sockets use it; `created_at` in ISO 8601, UTC, microseconds."""

    id: str
    seq: int
    role: str
    content: str
    created_at: str
    status: str = MessageStatus.COMPLETE.value
    outcome: str | None = None
    sources: list[Source] = field(default_factory=list)
    feedback: str | None = None
    client_message_id: str | None = None
    card: bool = False
    choices: list[Choice] = field(default_factory=list)
    author: str = ""
    kind: str = MessageKind.TEXT.value
    action: ActionData | None = None

    @property
    def is_answer(self) -> bool:
        """Whether the message ends a turn."""
        return self.kind == MessageKind.TEXT and MessageRole(self.role).is_answer
