"""What clients send, once it is understood. Pure."""

from dataclasses import dataclass
from typing import Literal

from loquent.agents.types import VisitorPage


@dataclass(frozen=True, slots=True)
class MessageFrame:
    """The visitor says something; the content is cleaned and not empty."""

    content: str
    client_message_id: str | None


@dataclass(frozen=True, slots=True)
class ContactInfoFrame:
    """The visitor's details, as typed; None where not given."""

    name: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class FeedbackFrame:
    """What the visitor thinks of an answer; rating None takes it back, comment None leaves it."""

    message_id: str
    rating: Literal["up", "down"] | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class RegenerateFrame:
    """Regenerate the latest answer."""

    message_id: str


@dataclass(frozen=True, slots=True)
class StopFrame:
    """Stop the answer being written."""


@dataclass(frozen=True, slots=True)
class PageFrame:
    """Where the visitor is."""

    page: VisitorPage


@dataclass(frozen=True, slots=True)
class NewConversationFrame:
    """End this session and begin another."""


@dataclass(frozen=True, slots=True)
class AskPersonFrame:
    """The visitor wants to talk to a person."""


@dataclass(frozen=True, slots=True)
class AskAgentFrame:
    """The visitor wants the agent back while no person has claimed the conversation."""


@dataclass(frozen=True, slots=True)
class ReplyEmailFrame:
    """Where to write if the visitor leaves; as typed."""

    email: str


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """All messages up to `seq` were shown to the visitor."""

    seq: int


@dataclass(frozen=True, slots=True)
class SurveyFrame:
    """How the visitor rates a conversation that a person resolved: 1 to 5."""

    score: int
    comment: str


@dataclass(frozen=True, slots=True)
class ActionFrame:
    """The visitor confirms or declines a change that the agent proposes."""

    id: str
    confirm: bool


@dataclass(frozen=True, slots=True)
class PingFrame:
    """Is the server there?"""


ClientFrame = (
    MessageFrame
    | ContactInfoFrame
    | FeedbackFrame
    | RegenerateFrame
    | StopFrame
    | PageFrame
    | NewConversationFrame
    | AskPersonFrame
    | AskAgentFrame
    | ReplyEmailFrame
    | SeenFrame
    | SurveyFrame
    | ActionFrame
    | PingFrame
)
