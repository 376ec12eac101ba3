"""The plain data that services, search and backends exchange. Imports none of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypedDict

from loquent.agents.metering import TokenMeter


class AgentLimit(StrEnum):
    """The limits of agents that can refuse an answer."""

    TOKENS = "tokens"
    MODEL_CALLS = "model_calls"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One line of the conversation so far."""

    role: Literal["user", "assistant"]
    content: str


class Source(TypedDict):
    """A page on which the visitor can read more; stored and sent as it is."""

    title: str
    url: str


class Choice(TypedDict):
    """A button below an answer: what it says, and the message that a click sends."""

    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A knowledge entry, or a part of one, without its row. `entry`: the entry's id."""

    title: str
    content: str
    url: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class VisitorPage:
    """The page that the visitor is on, as their browser says: untrusted, and never instructions.

    `url` is an absolute http or https address, `referrer` one or empty. `at`: since when the
    visitor is on the stored page.
    """

    url: str
    title: str = ""
    referrer: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """All that a backend needs; plain data, so that no backend touches the database.

    `model` is the name behind the provider's colon. `messages` is oldest first and ends with the
    visitor's message to answer; it is already bounded. `knowledge` is all the agent's entries;
    `knowledge_version` changes whenever they do (a key for caches). `page` None: not known.
    `meter` records what the request costs.
    """

    agent_id: str
    model: str
    instructions: str
    max_output_tokens: int
    temperature: float | None
    messages: tuple[ChatMessage, ...]
    knowledge: tuple[Passage, ...] = ()
    knowledge_version: str = ""
    page: VisitorPage | None = None
    meter: TokenMeter = field(default_factory=TokenMeter, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer; never empty."""

    text: str


# What an answer that came to its end says: something, that nothing was found, or that the provider
# declined because of what was asked.
ReplyOutcome = Literal["answered", "no_answer", "refused"]


@dataclass(frozen=True, slots=True)
class ReplyEnd:
    """The answer is whole. Token counts are the provider's, None where it gives none."""

    sources: tuple[Source, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    outcome: ReplyOutcome = "answered"
    choices: tuple[Choice, ...] = ()


ReplyEvent = TextDelta | ReplyEnd


class BackendError(Exception):
    """No (whole) answer can be had.

    `permanent`: trying again without a change of settings is useless (bad key, unknown model).
    `is_outage`: the endpoint is at fault and may be so for everybody; not where it answered that
    it won't (4xx), or with nothing to see. `limit` names the limit of ours that refused.
    The text is for the log: it never holds a key, a prompt, or what the provider wrote.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        is_outage: bool | None = None,
        limit: str = "",
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after
        self.is_outage = not permanent if is_outage is None else is_outage
        self.limit = limit


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The state of a backend's endpoint; `hint` says what to do unless the level is "ok"."""

    level: Literal["ok", "warn", "fail"]
    message: str
    hint: str = ""
