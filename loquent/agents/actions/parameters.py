"""Check the parameters that an owner enters for an action. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from loquent.agents.actions.arguments import ArgumentError, check_value
from loquent.agents.actions.patterns import PatternError, check_pattern
from loquent.agents.actions.spec import parameter_of

MAX_PARAMETERS = 20
MAX_FIELDS = 50
MAX_DESCRIPTION = 300
MAX_ENUM = 50
TYPES = ("string", "integer", "number", "boolean")
SOURCES = ("visitor", "verified", "fixed")
_PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_FIELD = re.compile(r"[^\s.]{1,64}(?:\.[^\s.]{1,64}){0,9}\Z")


class FieldError(ValueError):
    """What was entered can't be used; the text is a sentence for staff."""


def check_parameters(given: Any) -> list[dict[str, Any]]:
    """Return the parameters as they are stored; raise FieldError."""
    if not isinstance(given, list) or len(given) > MAX_PARAMETERS:
        raise FieldError(f"Give a list of at most {MAX_PARAMETERS} parameters.")
    rows = [_parameter(each, number) for number, each in enumerate(given, 1)]
    names = [row["name"] for row in rows]
    if len(set(names)) != len(names):
        raise FieldError("Two parameters have the same name.")
    return rows


def _parameter(given: Any, number: int) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise FieldError(f"Parameter {number} must be an object.")
    name = given.get("name")
    if not isinstance(name, str) or not _PARAMETER_NAME.match(name):
        raise FieldError(f"Parameter {number} needs a name of letters, digits and _.")
    known = {"name", "type", "description", "required", "enum", "pattern", "source", "value"}
    if unknown := sorted(set(given) - known):
        raise FieldError(f"{name}: there is no field {unknown[0]}.")
    row: dict[str, Any] = {
        "name": name,
        "type": given.get("type", "string"),
        "description": given.get("description") or "",
        "required": given.get("required", True),
        "enum": given.get("enum") or [],
        "pattern": given.get("pattern") or "",
        "source": given.get("source", "visitor"),
        "value": given.get("value"),
    }
    if row["type"] not in TYPES:
        raise FieldError(f"{name}: the type is one of {', '.join(TYPES)}.")
    if row["source"] not in SOURCES:
        raise FieldError(f"{name}: the source is one of {', '.join(SOURCES)}.")
    if not isinstance(row["required"], bool):
        raise FieldError(f"{name}: required is true or false.")
    if not isinstance(row["description"], str) or len(row["description"]) > MAX_DESCRIPTION:
        raise FieldError(f"{name}: use a description of at most {MAX_DESCRIPTION} characters.")
    row["description"] = " ".join(row["description"].split())
    _check_values(row)
    return row


def _check_values(row: dict[str, Any]) -> None:
    name = row["name"]
    if not isinstance(row["pattern"], str):
        raise FieldError(f"{name}: the pattern is a text.")
    if row["pattern"]:
        if row["type"] != "string":
            raise FieldError(f"{name}: only a string can have a pattern.")
        try:
            check_pattern(row["pattern"])
        except PatternError as error:
            raise FieldError(f"{name}: {error}") from None
    if not isinstance(row["enum"], list) or len(row["enum"]) > MAX_ENUM:
        raise FieldError(f"{name}: give at most {MAX_ENUM} allowed values.")
    plain = parameter_of({"name": name, "type": row["type"]})
    try:
        row["enum"] = [check_value(plain, each) for each in row["enum"]]
        if row["source"] == "fixed":
            if row["value"] is None:
                raise FieldError(f"{name}: enter the fixed value.")
            row["value"] = check_value(parameter_of(row), row["value"])
        elif row["value"] not in (None, ""):
            raise FieldError(f"{name}: only a fixed parameter has a value.")
        else:
            row["value"] = None
    except ArgumentError as error:
        raise FieldError(str(error)) from None


def check_response_fields(given: Any) -> list[str]:
    """Return the fields of a response that count, each once; raise FieldError."""
    if not isinstance(given, list) or len(given) > MAX_FIELDS:
        raise FieldError(f"Give a list of at most {MAX_FIELDS} fields.")
    for each in given:
        if not isinstance(each, str) or not _FIELD.match(each):
            raise FieldError("Write fields as names with dots, such as tracking.url.")
    return list(dict.fromkeys(given))
