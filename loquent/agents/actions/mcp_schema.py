"""Turn the arguments of a tool, a JSON schema, into an action's parameters. Pure."""

from collections.abc import Mapping
from typing import Any

from loquent.agents.actions.parameters import (
    MAX_DESCRIPTION,
    MAX_ENUM,
    MAX_PARAMETERS,
    TYPES,
    FieldError,
    check_parameters,
)
from loquent.agents.actions.patterns import PatternError, check_pattern

# How many references of a schema are followed for one argument.
MAX_REFERENCES = 5


def parameters_of(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of a tool; raise FieldError if a required argument can't be one.

    Arguments that are lists or objects are left out if they are optional.
    """
    properties = schema.get("properties")
    given = properties if isinstance(properties, dict) else {}
    needed = schema.get("required")
    required = (
        {each for each in needed if isinstance(each, str)} if isinstance(needed, list) else set()
    )
    rows: list[dict[str, Any]] = []
    for name in sorted(given, key=lambda each: each not in required):
        try:
            [row] = check_parameters([_parameter(name, given[name], schema, name in required)])
        except FieldError as error:
            if name in required:
                raise FieldError(f"The argument {name} can't be asked for. {error}") from None
            continue
        if len(rows) == MAX_PARAMETERS:
            if name in required:
                raise FieldError(f"It has more than {MAX_PARAMETERS} required arguments.")
            break
        rows.append(row)
    if missing := required - given.keys():
        raise FieldError(f"The argument {min(missing)} is not described.")
    return rows


def _parameter(name: str, raw: Any, schema: Mapping[str, Any], is_required: bool) -> dict[str, Any]:
    part = _plain(raw, schema)
    values = [part["const"]] if "const" in part else part.get("enum")
    allowed = [each for each in values if each is not None] if isinstance(values, list) else []
    kind = _type(part, allowed)
    said = next((text for text in (_text(raw), _text(part)) if text), "")
    row = {
        "name": name,
        "type": kind,
        "description": said[:MAX_DESCRIPTION],
        "required": is_required,
        "enum": allowed[:MAX_ENUM],
    }
    pattern = part.get("pattern")
    if kind == "string" and isinstance(pattern, str):
        row["pattern"] = _whole(pattern)
    return row


def _plain(raw: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the form of an argument that says its type: without references and `null`."""
    part = raw
    for _ in range(MAX_REFERENCES):
        if not isinstance(part, dict):
            break
        options = part.get("anyOf", part.get("oneOf"))
        if isinstance(options, list):
            others = [
                each
                for each in options
                if not (isinstance(each, dict) and each.get("type") == "null")
            ]
            part = others[0] if len(others) == 1 else None
        elif isinstance(part.get("$ref"), str):
            part = _referred(part["$ref"], schema)
        else:
            return part
    raise FieldError("It has no single type.")


def _referred(reference: str, schema: Mapping[str, Any]) -> Any:
    found: Any = schema
    start, *names = reference.split("/")
    for name in names if start == "#" else [""]:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _type(part: Mapping[str, Any], allowed: list[Any]) -> str:
    kind = part.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    plain = [each for each in kinds if each != "null"]
    if len(plain) == 1 and plain[0] in TYPES:
        return str(plain[0])
    if plain == [None] and allowed and all(isinstance(each, str) for each in allowed):
        return "string"
    raise FieldError("Only texts, numbers, and yes or no can be.")


def _text(part: Any) -> str:
    found = part.get("description") if isinstance(part, dict) else ""
    return " ".join(found.split()) if isinstance(found, str) else ""


def _whole(pattern: str) -> str:
    """Return a schema's pattern, which is found anywhere, for the whole text; "" if unusable."""
    before = "" if pattern.startswith("^") else ".*"
    after = "" if pattern.endswith("$") else ".*"
    whole = f"{before}(?:{pattern}){after}" if before or after else pattern
    try:
        check_pattern(whole)
    except PatternError:
        return ""
    return whole
