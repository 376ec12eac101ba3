"""Check the arguments of a call against the action's row, and identify them. Pure."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from loquent.agents.actions.patterns import MAX_TEXT, matches
from loquent.agents.actions.spec import ActionParameter, ActionSpec
from loquent.text import clean_text

MAX_NUMBER = 2**53 - 1


class ArgumentError(ValueError):
    """An argument is refused. `name` is its parameter, or empty; the text says what is expected."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}" if name else reason)
        self.name = name
        self.reason = reason


def check_arguments(spec: ActionSpec, given: object) -> dict[str, Any]:
    """Return the arguments from the visitor's side, in the row's order; raise ArgumentError.

    Unknown names are refused, also those of parameters whose values are fixed or verified.
    """
    if not isinstance(given, Mapping):
        raise ArgumentError("", "The arguments must be a JSON object.")
    known = {each.name: each for each in spec.asked}
    for name in given:
        if name not in known:
            raise ArgumentError("", "There is an argument that this action does not have.")
    checked: dict[str, Any] = {}
    for name, parameter in known.items():
        value = given.get(name)
        if value is None or (value == "" and not parameter.required):
            if parameter.required:
                raise ArgumentError(name, "This value is required.")
            continue
        checked[name] = check_value(parameter, value)
    return checked


def check_value(parameter: ActionParameter, value: object) -> Any:
    """Return a value as it may be sent; raise ArgumentError."""
    name = parameter.name
    match parameter.type:
        case "string":
            value = _text(name, value)
        case "boolean":
            if not isinstance(value, bool):
                raise ArgumentError(name, "Give true or false.")
        case _:
            value = _number(name, value, is_whole=parameter.type == "integer")
    if parameter.enum and not any(_same(value, each) for each in parameter.enum):
        allowed = ", ".join(str(each) for each in parameter.enum)
        raise ArgumentError(name, f"Use one of these: {allowed}.")
    if parameter.pattern and not matches(parameter.pattern, str(value)):
        raise ArgumentError(name, "The value does not have the expected format.")
    return value


def parse_value(parameter: ActionParameter, text: str) -> Any:
    """Return the value that a visitor typed for a parameter; raise ArgumentError."""
    text = text.strip()
    value: Any = text
    try:
        if parameter.type == "integer":
            value = int(text.replace(" ", ""))
        elif parameter.type == "number":
            value = float(text.replace(",", "."))
    except (ValueError, OverflowError):
        raise ArgumentError(parameter.name, "Give a number.") from None
    if parameter.type == "boolean":
        value = {"true": True, "✓": True, "false": False, "✗": False}.get(text.casefold(), text)
    for each in parameter.enum:
        if str(each).casefold() == text.casefold():
            value = each
    return check_value(parameter, value)


def values_of(spec: ActionSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return all values of a call: the checked arguments, and those that the row fixes."""
    values: dict[str, Any] = {}
    for parameter in spec.parameters:
        if parameter.source == "fixed":
            values[parameter.name] = parameter.value
        elif parameter.name in arguments:
            values[parameter.name] = arguments[parameter.name]
    return values


def digest_of(spec: ActionSpec, arguments: Mapping[str, Any]) -> str:
    """Return the SHA-256 of exactly what would be called: the action as it is, and all values."""
    values = values_of(spec, arguments)
    text = json.dumps([spec.id, spec.version, values], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _number(name: str, value: object, *, is_whole: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentError(name, "Give a number.")
    if not math.isfinite(value) or abs(value) > MAX_NUMBER:
        raise ArgumentError(name, "Give a number.")
    if is_whole and value != int(value):
        raise ArgumentError(name, "Give a whole number.")
    return int(value) if is_whole else value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ArgumentError(name, "Give a text.")
    text = value.strip()
    if len(text) > MAX_TEXT:
        raise ArgumentError(name, f"Give at most {MAX_TEXT} characters.")
    if not text:
        raise ArgumentError(name, "This value is required.")
    if text != clean_text(text) or "\n" in text or "\t" in text or not text.isprintable():
        raise ArgumentError(name, "Enter one line of text.")
    return text


def _same(value: object, other: object) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)
