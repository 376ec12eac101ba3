"""What the OpenAPI document says of every operation: headers, errors, and an example of each."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from loquent.errors import ErrorCode
from loquent.ndjson import MEDIA_TYPE

T = TypeVar("T", bound=type)
Schema = dict[str, Any]
METHODS = {"get", "post", "put", "patch", "delete"}
UUID_EXAMPLE = "6f1c2f0e-3a52-4f0e-9d0a-3f6f2f6a1b11"


def examples(*, request: Schema | None = None, response: Schema) -> Callable[[T], T]:
    """Give a serializer an example of what is sent and of what is answered."""
    given = [OpenApiExample("Answer", value=response, response_only=True)]
    if request is not None:
        given.append(OpenApiExample("Request", value=request, request_only=True))

    def decorate(serializer: T) -> T:
        return extend_schema_serializer(examples=given)(serializer)

    return decorate


def line_example(document: Schema) -> OpenApiExample:
    """The example of a line of an export."""
    return OpenApiExample("Line", value=document, response_only=True, media_type=MEDIA_TYPE)


def _error(code: ErrorCode, message: str, **fields: str) -> Schema:
    return {"code": code.value, "message": message, "fields": {k: [v] for k, v in fields.items()}}


COLOR = "Enter a colour as #rrggbb, such as #6366f1."
MEANWHILE = "Somebody has changed this meanwhile."
# Status: the name of the response, what it means, and an example.
ERRORS: dict[int, tuple[str, str, Schema]] = {
    400: (
        "Invalid",
        "The body isn't JSON, or a field or parameter is wrong; `fields` names it.",
        _error(ErrorCode.INVALID, f"primary_color: {COLOR}", primary_color=COLOR),
    ),
    401: (
        "NotAuthenticated",
        "No API key and no session, or a key that is unknown or revoked.",
        _error(ErrorCode.NOT_AUTHENTICATED, "This API key is unknown or revoked. Make a new one."),
    ),
    403: (
        "Forbidden",
        "The role or the key's scope doesn't allow this, or the CSRF token is missing.",
        _error(ErrorCode.FORBIDDEN, "Your role in this organization doesn't allow this."),
    ),
    404: (
        "NotFound",
        "There is no such row in your organization.",
        _error(ErrorCode.NOT_FOUND, "There is no such widget."),
    ),
    406: (
        "NotAcceptable",
        "`Accept` asks for something that isn't answered here.",
        _error(ErrorCode.NOT_ACCEPTABLE, "Could not satisfy the request Accept header."),
    ),
    409: (
        "Conflict",
        "The row is in use, or a request with the same Idempotency-Key is still under way.",
        _error(
            ErrorCode.CONFLICT,
            "This agent can't be deleted: widgets use it. Give them another agent first.",
        ),
    ),
    412: (
        "PreconditionFailed",
        "The row isn't the version of `If-Match` any more; `current` holds what differs now.",
        {
            **_error(
                ErrorCode.PRECONDITION_FAILED,
                "Somebody has saved this widget since you read it. Changed: name. Read it again, "
                "then save.",
                name=MEANWHILE,
            ),
            "current": {"name": "Help"},
        },
    ),
    413: (
        "BodyTooLarge",
        "The body is larger than 16 MiB.",
        _error(
            ErrorCode.BODY_TOO_LARGE,
            "The body is larger than 16 MiB.",
            body="The body is larger than 16 MiB.",
        ),
    ),
    415: (
        "UnsupportedMediaType",
        "The body isn't `application/json`.",
        _error(ErrorCode.UNSUPPORTED_MEDIA_TYPE, 'Unsupported media type "text/plain" in request.'),
    ),
    422: (
        "IdempotencyKeyReused",
        "The Idempotency-Key was another request's.",
        _error(
            ErrorCode.IDEMPOTENCY_KEY_REUSED,
            "Another request was made with this Idempotency-Key. Take a new key for a new request.",
            **{"Idempotency-Key": "Another request was made with it."},
        ),
    ),
    429: (
        "RateLimited",
        "Too many requests; `Retry-After` says in how many seconds to try again.",
        _error(
            ErrorCode.RATE_LIMITED,
            "This is too fast: 600 requests a minute are allowed. Wait as long as Retry-After "
            "says.",
        ),
    ),
    503: (
        "Unavailable",
        "The database doesn't answer in time; `Retry-After` says when to try again.",
        _error(
            ErrorCode.UNAVAILABLE,
            "The database doesn't answer right now. Please try again in a moment.",
        ),
    ),
}
SUCCESS = {"200": "Done.", "201": "Made.", "204": "Gone; there is nothing to say."}
ALWAYS = (401, 403, 406, 429, 503)

ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "Every error has this shape.",
    "required": ["code", "message", "fields"],
    "properties": {
        "code": {
            "type": "string",
            "description": "What went wrong, for programs.",
            "enum": sorted({example["code"] for _, _, example in ERRORS.values()}
                           | {ErrorCode.REQUEST_IN_PROGRESS.value}),
        },
        "message": {"type": "string", "description": "One sentence for people; it may change."},
        "fields": {
            "type": "object",
            "description": "The fields at fault, each with its sentences; `body` for all of it.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}  # fmt: skip
CONFLICT_SCHEMA: Schema = {
    "allOf": [{"$ref": "#/components/schemas/Error"}],
    "type": "object",
    "required": ["current"],
    "properties": {
        "current": {
            "type": "object",
            "description": "What differs now from the version that was read, by field.",
            "additionalProperties": True,
        }
    },
}
HEADERS: Schema = {
    "ETag": {
        "description": "The version of the row, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
        "required": True,
    },
    "RetryAfter": {
        "description": "In how many seconds to try again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "IdempotentReplayed": {
        "description": "`true`: what an earlier request with this Idempotency-Key was answered.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {
        "description": "The address of what was made.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
}
PARAMETERS: Schema = {
    "OrganizationId": {
        "name": "X-Organization-Id",
        "in": "header",
        "description": (
            "For who belongs to several organizations: the id of the one that the request is "
            "about. A key's requests are always about its own."
        ),
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "Of your own making, such as a new UUID. However often a request is sent with the "
            "same one within 24 hours, it happens once."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that you have read: nothing happens if the row has changed since.",
        "schema": {"type": "string", "pattern": '^(\\*|(W/)?"[A-Za-z0-9_-]*")$'},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag that you have: 304 if the row is still that.",
        "schema": {"type": "string"},
    },
}


def complete(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """A hook of drf-spectacular: add what all operations have in common."""
    components = result["components"]
    components["schemas"] |= {"Error": ERROR_SCHEMA, "VersionConflict": CONFLICT_SCHEMA}
    components["headers"] = HEADERS
    components["parameters"] = PARAMETERS
    components["responses"] = {name: _response(*ERRORS[status]) for status, name in _names()}
    versioned = _versioned_paths(result["paths"])
    for path, methods in result["paths"].items():
        for method in METHODS & methods.keys():
            _complete_operation(path, method, methods[method], is_versioned=path in versioned)
    return result


def _names() -> Iterator[tuple[int, str]]:
    for status, (name, _, _) in ERRORS.items():
        yield status, name


def _response(name: str, description: str, example: Schema) -> Schema:
    schema = "VersionConflict" if name == "PreconditionFailed" else "Error"
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    response: Schema = {"description": description, "content": {"application/json": content}}
    if name in {"Conflict", "RateLimited", "Unavailable"}:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return response


def _versioned_paths(paths: Schema) -> set[str]:
    """The addresses of widgets and agents, one by one."""
    kinds = ("/api/v1/widgets/{id}/", "/api/v1/agents/{id}/")
    return {path for path in paths if path.startswith(kinds)}


def _complete_operation(path: str, method: str, operation: Schema, *, is_versioned: bool) -> None:
    has_body = "requestBody" in operation
    statuses = {*ALWAYS}
    parameters = ["OrganizationId"]
    if has_body or "{id}" not in path or path.endswith("/messages/"):
        statuses.add(400)
    if "{id}" in path:
        statuses.add(404)
    if has_body:
        statuses |= {413, 415}
    if method == "post":
        statuses |= {400, 409, 413, 415, 422}
        parameters.append("IdempotencyKey")
    if is_versioned and method == "get":
        parameters.append("IfNoneMatch")
    elif is_versioned:
        statuses |= {400, 412}
        parameters.append("IfMatch")
    if method == "delete" and path.startswith("/api/v1/agents/"):
        statuses.add(409)
    references = [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
    operation["parameters"] = [*operation.get("parameters", []), *references]
    responses = operation["responses"]
    for status, response in responses.items():
        response["description"] = response.get("description") or SUCCESS[status]
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{ERRORS[status][0]}"}
    _add_headers(path, method, responses, is_versioned=is_versioned)


def _add_headers(path: str, method: str, responses: Schema, *, is_versioned: bool) -> None:
    for status in {"200", "201"} & responses.keys():
        headers = responses[status].setdefault("headers", {})
        if is_versioned or (path in {"/api/v1/widgets/", "/api/v1/agents/"} and method == "post"):
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
        if method == "post":
            headers["Idempotent-Replayed"] = {"$ref": "#/components/headers/IdempotentReplayed"}
        if status == "201":
            headers["Location"] = {"$ref": "#/components/headers/Location"}
    if is_versioned and method == "get":
        responses["304"] = {
            "description": "The row is still the version of `If-None-Match`.",
            "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        }
