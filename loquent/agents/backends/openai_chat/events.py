"""What the data of one event, or a whole body, holds. Pure; treats all input as untrusted."""

import json
import re
from typing import Any

from loquent.agents.types import BackendError

# `[DONE]`, which some gateways write in quotes, without brackets, or in small letters.
_DONE = re.compile(r"\W*done\W*", re.IGNORECASE)
# Data of events that only keep a connection open; also null and an empty text.
_IDLE = re.compile(r"\W*(?:ping|pong|heart[-_ ]?beat|keep[-_ ]?alive|null|none)?\W*", re.IGNORECASE)
MAX_WORD = 40
_GAP = re.compile(r"[\s,]*(?:data:[ \t]*)?")
_DECODER = json.JSONDecoder()
# Fields of an object without choices that say that it is an error.
_FAILURES = ("detail", "errors", "error_code", "error_msg", "error_message", "errormessage")


def objects_in(data: bytes) -> tuple[list[dict[str, Any]], bool]:
    """Return the JSON objects of an event or a body, and whether it ends the stream.

    Usually there is one object. Servers that separate events with a single line feed put several
    into an event, and others send lines of JSON, or a list. Raises BackendError for anything else.
    """
    try:
        text = data.decode().lstrip("\ufeff")
    except UnicodeDecodeError:
        raise _no_json() from None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ([], False) if _is_word(_IDLE, text) else _sequence(text)
    return ([value] if isinstance(value, dict) else _objects(value)), False


def _is_word(word: re.Pattern[str], text: str) -> bool:
    return len(text) <= MAX_WORD and word.fullmatch(text) is not None


def _sequence(text: str) -> tuple[list[dict[str, Any]], bool]:
    found: list[dict[str, Any]] = []
    at = _end_of_gap(text, 0)
    while at < len(text):
        if _is_word(_DONE, text[at:].rstrip()):
            return found, True
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            # `from None`: the cause's text holds what the endpoint wrote.
            raise _no_json() from None
        found += _objects(value)
        at = _end_of_gap(text, at)
    return found, False


def _no_json() -> BackendError:
    return BackendError("the endpoint's answer is no JSON", permanent=False)


def _end_of_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def _objects(value: Any) -> list[dict[str, Any]]:
    values = value if isinstance(value, list) else [value]
    if value is None or (isinstance(value, str) and _is_word(_IDLE, value)):
        return []
    if not all(isinstance(item, dict) for item in values):
        raise BackendError("the endpoint's answer has another shape", permanent=False)
    return values


def is_error(chunk: dict[str, Any]) -> bool:
    """Return whether an object reports an error, in the words of any provider or gateway.

    An error must not pass for one of the many objects that only add something to an answer: half
    an answer would be taken for a whole one.
    """
    error = chunk.get("error")
    if any(error.values()) if isinstance(error, dict) else error:
        return True
    if "error" in (chunk.get("object"), chunk.get("type"), chunk.get("status")):
        return True
    if isinstance(base := chunk.get("base_resp"), dict) and base.get("status_code"):
        return True
    if chunk.get("choices"):
        return False
    names = {str(name).lower() for name, value in chunk.items() if value}
    if names.intersection(_FAILURES):
        return True
    # Progress is also reported with a message, but with neither a code nor alone.
    message = chunk.get("message", chunk.get("msg"))
    has_code = chunk.get("code") not in (None, 0, 200, "", "0", "200")
    is_failure = chunk.get("success") is False or has_code or len(names) == 1
    return bool(message) and isinstance(message, str) and is_failure
