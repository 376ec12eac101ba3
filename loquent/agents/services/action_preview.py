"""Show what a call of an action would send, without sending it."""

from typing import Any

from loquent.agents.actions.arguments import ArgumentError, check_arguments, values_of
from loquent.agents.actions.request import prepare
from loquent.agents.actions.spec import ActionSpec, schema_of


def preview_action(spec: ActionSpec, arguments: object) -> dict[str, Any]:
    """Return the request for these arguments, or the error, and the schema for models.

    It has the names of headers, never their values.
    """
    shown: dict[str, Any] | None = None
    error = ""
    try:
        values = values_of(spec, check_arguments(spec, arguments))
        shown = _mcp_call(spec, values) if spec.kind == "mcp" else _request(spec, values)
    except ArgumentError as refused:
        error = str(refused)
    return {"request": shown, "schema": schema_of(spec.parameters), "error": error}


def _request(spec: ActionSpec, values: dict[str, Any]) -> dict[str, Any]:
    request = prepare(spec, values)
    return {
        "method": request.method,
        "url": request.url,
        "headers": _headers(spec),
        "body": request.body,
    }


def _mcp_call(spec: ActionSpec, values: dict[str, Any]) -> dict[str, Any]:
    return {"url": spec.url, "headers": _headers(spec), "tool": spec.name, "arguments": values}


def _headers(spec: ActionSpec) -> list[str]:
    secret = ["Authorization"] if spec.encrypted_secret else []
    return [*spec.encrypted_headers, *secret]
