"""The shapes in which endpoints write an answer's text and the reason for its end. Pure."""

from typing import Any, Literal

from loquent.agents.types import Cut

# What ends an answer well, in the words of OpenAI and of the APIs behind compatible endpoints.
_GOOD = frozenset(
    [
        "stop",
        "stop_sequence",
        "stop_token",
        "end",
        "end_turn",
        "end_of_turn",
        "eos",
        "eos_token",
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
_NONE = frozenset({"", "null", "none", "finish_reason_unspecified"})

End = Cut | Literal["stop", "error"] | None


def end_of(reason: object) -> End:
    """Return what a `finish_reason` means; None if the answer continues.

    An unknown reason is no good end: the answer is kept and marked as cut.
    """
    if not reason:
        return None
    name = reason.lower() if isinstance(reason, str) else ""
    if name in _GOOD:
        return "stop"
    if name in _NONE and isinstance(reason, str):
        return None
    if name in _LENGTH:
        return "length"
    if name in _FILTER:
        return "filter"
    return "error" if name in _ERROR else "unknown"


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
        if isinstance(part, dict) and part.get("type") in {"thinking", "reasoning"}
    )


def _part(part: dict[str, Any]) -> str:
    if part.get("type", "text") not in {"text", "output_text"}:
        return ""
    text = part.get("text")
    if isinstance(text, dict):
        text = text.get("value")
    return text if isinstance(text, str) else ""
