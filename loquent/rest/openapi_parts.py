"""The parts of the OpenAPI document that operations share: errors, headers, parameters."""

from typing import Any

from loquent.errors import ErrorCode

Schema = dict[str, Any]


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
    408: (
        "RequestTimeout",
        "The body arrived at less than 8 KiB per second.",
        _error(ErrorCode.REQUEST_TIMEOUT, "The request arrived too slowly. Please try again."),
    ),
    409: (
        "Conflict",
        "The row is in use, the organization has all the widgets that the server allows, or a "
        "request with the same Idempotency-Key is still under way.",
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
        "The body is larger than 16 MiB for an agent, or 64 KiB for anything else.",
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
        "The server is busy, or the database doesn't answer in time; `Retry-After` says when to "
        "try again.",
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
