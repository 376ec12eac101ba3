"""The shapes in which endpoints write an answer's text and the reason for its end. Pure."""

import re
from typing import Any, Literal

from loquent.agents.types import Cut

# What ends an answer well, in the words of OpenAI and of the APIs behind compatible endpoints.
_GOOD = frozenset(
    [
        "stop",
        "stop_sequence",
        "stop_token",
        "stop_str",
        "end",
        "end_turn",
        "end_of_turn",
        "end_of_text",
        "eot",
        "eos",
        "eos_token",
        "success",
        "complete",
        "completed",
        "done",
        "finished",
        "tool_calls",
        "tool_call",
        "tool_use",
        "function_call",
    ]
)
_LENGTH = frozenset(
    [
        "length",
        "max_tokens",
        "max_token",
        "max_length",
        "max_output_tokens",
        "max_completion_tokens",
        "max_new_tokens",
        "model_length",
        "token_limit",
        "model_context_window_exceeded",
    ]
)
_FILTER = frozenset(
    [
        "content_filter",
        "content_filtered",
        "content_filtering",
        "content_policy",
        "filtered",
        "safety",
        "sensitive",
        "recitation",
        "blocklist",
        "prohibited_content",
        "spii",
        "language",
        "image_safety",
        "refusal",
        "guardrail",
        "guardrail_intervened",
    ]
)
_ERROR = frozenset(
    [
        "error",
        "abort",
        "aborted",
        "cancelled",
        "canceled",
        "network_error",
        "insufficient_system_resource",
        "insufficient_system_resources",
        "malformed_function_call",
    ]
)
_NONE = frozenset({"", "null", "none", "unspecified"})
# Words in reasons that are in none of these lists, of which the first that is found counts.
_WORDS: tuple[tuple[re.Pattern[str], Literal["filter", "length", "error"]], ...] = (
    (re.compile(r"filter|safety|moderat|polic|toxic|risk|sensitive|prohibit"), "filter"),
    (re.compile(r"rate_limit|time_?out|time_limit"), "error"),
    (re.compile(r"length|limit|max_"), "length"),
    (re.compile(r"error|fail|exception|abort|cancel|overload|malformed|unavailable"), "error"),
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SIGNS = re.compile(r"[^a-z0-9]+")

_THOUGHTS = frozenset({"thinking", "reasoning"})

End = Cut | Literal["stop", "error"] | None


def end_of(reason: object) -> End:
    """Return what a `finish_reason` means; None if the answer continues.

    An unknown reason is no good end: the answer is kept and marked as cut.
    """
    if not reason:
        return None
    name = _name(reason) if isinstance(reason, str) else "?"
    if name in _GOOD:
        return "stop"
    if name in _NONE:
        return None
    if name in _LENGTH:
        return "length"
    if name in _FILTER:
        return "filter"
    if name in _ERROR:
        return "error"
    return next((end for word, end in _WORDS if word.search(name)), "unknown")


def _name(reason: str) -> str:
    """Return a reason in one spelling: `FinishReason.MAX_TOKENS` becomes `max_tokens`."""
    name = _SIGNS.sub("_", _CAMEL.sub("_", reason[:100]).lower()).strip("_")
    return name.removeprefix("finish_reason_")


class ChoicePicker:
    """Picks the same one of several choices from each object of an answer.

    Only one is requested, but some servers send several, or number them from one. It is the first
    of the first object that has any, and number 0 if that is among them.
    """

    def __init__(self) -> None:
        self._number = ""

    def pick(self, chunk: dict[str, Any]) -> dict[str, Any] | None:
        """Return the choice of an object; None if it has none, or only others."""
        found = chunk.get("choices")
        choices = [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
        wanted = ("", self._number or "0")
        choice = next((c for c in choices if _number_of(c) in wanted), None)
        if choice is None and choices and not self._number:
            choice = choices[0]
        if choice is not None and not self._number:
            self._number = _number_of(choice) or "0"
        return choice


def _number_of(choice: dict[str, Any]) -> str:
    """Return a choice's number; "" if it has none, in which case it is the only one."""
    number = choice.get("index")
    return "" if number is None else str(number)


def text_of(content: object) -> str:
    """Return the text of a `content`: a string, or the text parts of a list, joined.

    Parts of other types (reasoning, images, references) are left out.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return _part(content)
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else _part(part) if isinstance(part, dict) else ""
            for part in content
        )
    return ""


def thoughts_of(content: object) -> str:
    """Return the reasoning among the parts of a `content`, which is charged for but not shown."""
    if not isinstance(content, list):
        return ""
    return "".join(
        text_of(part.get("thinking", part.get("text")))
        for part in content
        if isinstance(part, dict) and (part.get("type") in _THOUGHTS or part.get("thought"))
    )


def _part(part: dict[str, Any]) -> str:
    # Gemini marks a part of its reasoning as a thought.
    if (part.get("type") or "text") not in {"text", "output_text"} or part.get("thought"):
        return ""
    text = part.get("text", part.get("content", part.get("parts")))
    if isinstance(text, dict):
        text = text.get("value")
    if isinstance(text, list):
        return "".join(_part(item) for item in text if isinstance(item, dict) and "text" in item)
    return text if isinstance(text, str) else ""
