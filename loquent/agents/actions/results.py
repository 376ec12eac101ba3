"""What an action returned, cut to the fields that the owner named. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from loquent.agents.actions.spec import ActionSpec
from loquent.text import clean_text, quoted_json

# What a model or a visitor is given of a response.
MAX_SHOWN = 8_000
# How deep a value without named fields is shown.
MAX_DEPTH = 6
# `unknown`: the request may have been carried out, and no answer says so. `interrupted`: a lookup
# whose answer was stopped, or whose process ended.
CallOutcome = Literal["succeeded", "failed", "unknown", "refused", "interrupted"]


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a call ended. `data` is JSON; `reason` is a sentence for staff without any secret."""

    outcome: CallOutcome
    data: Any = None
    status: int | None = None
    reason: str = ""
    duration_ms: int = 0


def select(data: Any, fields: Sequence[str]) -> Any:
    """Return the named fields of a response by their paths; all of it if none is named."""
    if not fields:
        return data
    found = {}
    for path in fields:
        value = _at(data, path.split("."))
        if value is not _MISSING:
            found[path] = value
    return found


def as_data(spec: ActionSpec, result: CallResult) -> str:
    """Return a result as one line of JSON for a model: data, whatever it says."""
    document: dict[str, Any] = {"action": spec.name, "outcome": result.outcome}
    if result.outcome == "succeeded":
        document["data"] = result.data
        if result.data in (None, {}, [], ""):
            document["note"] = "The response has no data."
    else:
        document["reason"] = result.reason
    return shorten(quoted_json(document))


def lines_of(data: Any) -> list[tuple[str, str]]:
    """Return a result as labels and texts, for people."""
    if isinstance(data, dict):
        pairs = [(label_of(name), _plain(value)) for name, value in data.items()]
        return [(label, text) for label, text in pairs if text][:20]
    text = _plain(data)
    return [("", text)] if text else []


def shown_lines(data: Any) -> list[str]:
    """Return a result as lines of a list, for visitors; a blank line comes first."""
    lines = [f"- {label}: {text}" if label else f"- {text}" for label, text in lines_of(data)]
    return ["", *lines] if lines else []


def label_of(path: str) -> str:
    """Return the last name of a path as words."""
    names = [name for name in path.split(".") if not name.isdecimal()]
    words = clean_text(names[-1] if names else path).replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def shorten(text: str) -> str:
    """Return a text within the bound, and say so if it was cut."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}… (cut)"


_MISSING = object()


def _at(data: Any, names: list[str]) -> Any:
    for name in names:
        if isinstance(data, dict) and name in data:
            data = data[name]
        elif isinstance(data, list) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        else:
            return _MISSING
    return data


def _plain(value: Any, depth: int = 0) -> str:
    if value is None or depth > MAX_DEPTH:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, list):
        return ", ".join(filter(None, (_plain(each, depth + 1) for each in value[:20])))[:1_000]
    if isinstance(value, dict):
        parts = (f"{label_of(k)}: {_plain(v, depth + 1)}" for k, v in list(value.items())[:20])
        return "; ".join(parts)[:1_000]
    return " ".join(clean_text(str(value)).split())[:1_000]
