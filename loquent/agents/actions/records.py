"""What a turn leaves behind: calls that were made, and a change to confirm. Pure."""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loquent.agents.actions.patterns import MAX_TEXT
from loquent.agents.actions.results import CallOutcome, CallResult
from loquent.agents.actions.spec import ActionSpec
from loquent.text import clean_text

# Arguments of a refused call in the log.
MAX_REFUSED = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that waits for the visitor's confirmation of exactly these arguments."""

    action_id: str
    name: str
    title: str
    arguments: dict[str, Any]
    digest: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call for the log. `id` is that of its row; `action_id` is empty if there is no action."""

    id: str
    action_id: str
    name: str
    title: str
    risk: str
    arguments: dict[str, Any]
    digest: str
    outcome: CallOutcome
    reason: str
    status: int | None
    duration_ms: int


@dataclass(slots=True)
class CallLog:
    """The calls of a turn, however it ends. `key` makes their idempotency keys, for this turn.

    `begin` is awaited before a call is sent, so that it is known even if the process dies.
    """

    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    records: list[CallRecord] = field(default_factory=list)
    begin: Callable[[CallRecord], Awaitable[None]] | None = None


def record_of(
    spec: ActionSpec, arguments: Mapping[str, Any], digest: str, result: CallResult
) -> CallRecord:
    """Return a call for the log."""
    return CallRecord(
        str(uuid.uuid4()),
        spec.id,
        spec.name,
        spec.title,
        spec.risk,
        dict(arguments),
        digest,
        result.outcome,
        result.reason,
        result.status,
        result.duration_ms,
    )


def as_written(given: object) -> dict[str, Any]:
    """Return arguments that were refused, so that they can be stored, whatever they are."""
    pairs = list(given.items())[:MAX_REFUSED] if isinstance(given, Mapping) else []
    return {clean_text(str(name))[:64]: _as_written(value) for name, value in pairs}


def _as_written(value: object) -> object:
    if isinstance(value, bool):
        return value
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""
    return clean_text(text)[:MAX_TEXT]


def ended_record(record: CallRecord, result: CallResult) -> CallRecord:
    """Return a call for the log with how it ended."""
    return replace(
        record,
        outcome=result.outcome,
        reason=result.reason,
        status=result.status,
        duration_ms=result.duration_ms,
    )
