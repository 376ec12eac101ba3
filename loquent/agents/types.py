"""The plain data that services, search and backends exchange. Imports none of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypedDict

from loquent.agents.actions.records import CallLog, Proposal
from loquent.agents.actions.spec import ActionSpec
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
    """A knowledge entry, or a part of one, without its row. `entry`: the entry's id.

    `heading`: of a part, the entry's headings above it.
    """

    title: str
    content: str
    url: str
    entry: str = ""
    heading: str = ""


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
class ModelEndpoint:
    """An organization's own endpoint. `id` identifies its connection.

    `embedding_model` turns knowledge and questions into vectors; empty: the built-in encoder does.

    `api_key` is None if it can't be read any more, and empty if the endpoint needs none.
    """

    id: str
    base_url: str
    api_key: str | None = field(repr=False)
    embedding_model: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """All that a backend needs; plain data, so that no backend touches the database.

    `model` is the name behind the provider's colon. `messages` is oldest first and ends with the
    visitor's message to answer; it is already bounded. `knowledge` is all the agent's entries;
    `knowledge_version` changes whenever they do (a key for caches). `page` None: not known.
    `language`: the knowledge's, "" to detect it; `visitor_language`: the browser's, "" if unknown.
    `endpoint` None: the server's own. `can_ask_person`: the backend may end the answer with
    `wants_person`. `actions`: what it may call; a change is proposed at the end. `is_dry`: nothing
    is called. `calls` records the calls, `meter` what the request costs. `more_tokens` reserves the
    tokens of the whole reply before it asks the model again; None: they aren't counted.
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
    language: str = ""
    visitor_language: str = ""
    endpoint: ModelEndpoint | None = None
    can_ask_person: bool = False
    actions: tuple[ActionSpec, ...] = ()
    is_dry: bool = False
    calls: CallLog = field(default_factory=CallLog, compare=False, repr=False)
    meter: TokenMeter = field(default_factory=TokenMeter, compare=False, repr=False)
    more_tokens: Callable[[int], Awaitable[None]] | None = field(
        default=None, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer; never empty."""

    text: str


# The outcome of a finished answer: it says something, nothing was found, or the provider declined
# because of the question.
ReplyOutcome = Literal["answered", "no_answer", "refused"]


@dataclass(frozen=True, slots=True)
class TextRestart:
    """The text so far was the model's reasoning: the answer starts with the next `TextDelta`."""


@dataclass(frozen=True, slots=True)
class Working:
    """An action was called: the time for the next text starts again."""


# Why an answer ends early: the maximum answer length, a filter, or a reason that is not known.
Cut = Literal["length", "filter", "unknown"]


class Retrieved(TypedDict):
    """A passage that the search found, for staff; scores are 0 to 1.

    `meaning` is None without vectors. `cited`: the answer quotes or cites it.
    """

    entry: str
    title: str
    score: float
    words: float
    meaning: float | None
    cited: bool


@dataclass(frozen=True, slots=True)
class ReplyEnd:
    """The answer is complete, or `cut`. Token counts are the provider's, None if it reports none.

    `notes`: sentences for staff about what the endpoint refuses and is no longer sent.
    `wants_person`: a person is to answer; then the answer may have no text. `proposal`: a change
    that the visitor has to confirm; the text asks for it.
    """

    sources: tuple[Source, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    outcome: ReplyOutcome = "answered"
    cut: Cut | None = None
    notes: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    wants_person: bool = False
    proposal: Proposal | None = None
    retrieved: tuple[Retrieved, ...] = field(default=(), compare=False)


ReplyEvent = TextDelta | TextRestart | ReplyEnd
# What a backend yields; `generate_reply` keeps the last kind to itself.
BackendEvent = ReplyEvent | Working


class BackendError(Exception):
    """There is no complete answer.

    `permanent`: trying again without a change of settings is useless (bad key, unknown model).
    `is_outage`: the endpoint is at fault, possibly for all calls; False if it refused the request
    (4xx) or sent a blank answer. `limit` names the limit of ours that refused.
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
