"""The parts of the OpenAPI document that operations share: errors, headers, parameters."""

from typing import Any

from loquent.errors import ErrorCode

Schema = dict[str, Any]


def _error(code: ErrorCode, message: str, **fields: str) -> Schema:
    return {"code": code.value, "message": message, "fields": {k: [v] for k, v in fields.items()}}


COLOR = "Enter a colour as #rrggbb, such as #6366f1."
MEANWHILE = "This has changed since you read it."
# Status: the name of the response, what it means, and an example.
ERRORS: dict[int, tuple[str, str, Schema]] = {
    400: (
        "Invalid",
        "The body isn't JSON, or a field or parameter is wrong; `fields` names it.",
        _error(ErrorCode.INVALID, f"primary_color: {COLOR}", primary_color=COLOR),
    ),
    401: (
        "NotAuthenticated",
        "There is no API key and no session, or the key is unknown or revoked.",
        _error(
            ErrorCode.NOT_AUTHENTICATED, "This API key is unknown or revoked. Create a new one."
        ),
    ),
    403: (
        "Forbidden",
        "The role or the key's scope doesn't allow this, or the CSRF token is missing.",
        _error(ErrorCode.FORBIDDEN, "Your role in this organization doesn't allow this."),
    ),
    404: (
        "NotFound",
        "Your organization has no such object.",
        _error(ErrorCode.NOT_FOUND, "There is no such widget."),
    ),
    406: (
        "NotAcceptable",
        "`Accept` names a media type that this endpoint doesn't support.",
        _error(ErrorCode.NOT_ACCEPTABLE, "Could not satisfy the request Accept header."),
    ),
    408: (
        "RequestTimeout",
        "The body arrived at less than 8 KiB per second.",
        _error(ErrorCode.REQUEST_TIMEOUT, "The request arrived too slowly. Please try again."),
    ),
    409: (
        "Conflict",
        "The object is in use, the organization has reached the server's widget limit, or a "
        "request with the same Idempotency-Key is still in progress.",
        _error(
            ErrorCode.CONFLICT,
            "This agent can't be deleted because widgets use it. Assign another agent to them "
            "first.",
        ),
    ),
    412: (
        "PreconditionFailed",
        "The object has changed since the version in `If-Match`; `current` has the current "
        "values of the changed fields.",
        {
            **_error(
                ErrorCode.PRECONDITION_FAILED,
                "This widget has changed since you read it. Changed: name. Read it again, then "
                "save.",
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
        "The Idempotency-Key was used for a different request.",
        _error(
            ErrorCode.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used for a different request. Use a new key for a new "
            "request.",
            **{"Idempotency-Key": "It was used for a different request."},
        ),
    ),
    429: (
        "RateLimited",
        "Too many requests. Retry after the number of seconds in `Retry-After`.",
        _error(
            ErrorCode.RATE_LIMITED,
            "Rate limit exceeded (600 requests per minute). Retry after the time in Retry-After.",
        ),
    ),
    503: (
        "Unavailable",
        "The server is busy, or the database did not answer in time. Retry after the number of "
        "seconds in `Retry-After`.",
        _error(
            ErrorCode.UNAVAILABLE,
            "The database is not responding. Please try again in a moment.",
        ),
    ),
}
SUCCESS = {"200": "Success.", "201": "Created.", "204": "Deleted; no content."}
ALWAYS = (401, 403, 406, 429, 503)

ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "Every error has this format.",
    "required": ["code", "message", "fields"],
    "properties": {
        "code": {
            "type": "string",
            "description": "What went wrong, as a code for programs.",
            "enum": sorted({example["code"] for _, _, example in ERRORS.values()}
                           | {ErrorCode.REQUEST_IN_PROGRESS.value}),
        },
        "message": {"type": "string", "description": (
            "A sentence for people. The wording may change."
        )},
        "fields": {
            "type": "object",
            "description": (
                "The errors of each invalid field. `body` is the request as a whole."
            ),
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
            "description": (
                "The current values of the fields that changed since the version you read."
            ),
            "additionalProperties": True,
        }
    },
}
HEADERS: Schema = {
    "ETag": {
        "description": "The version of the object, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
        "required": True,
    },
    "RetryAfter": {
        "description": "The number of seconds to wait before a retry.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "IdempotentReplayed": {
        "description": (
            "`true` if this is the stored response to an earlier request with this Idempotency-Key."
        ),
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {
        "description": "The URL of the new object.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
}
PARAMETERS: Schema = {
    "OrganizationId": {
        "name": "X-Organization-Id",
        "in": "header",
        "description": (
            "The id of the organization to use, for users who belong to several. An API key "
            "always uses its own organization."
        ),
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "A unique value that you choose, such as a new UUID. A request that is repeated with "
            "the same key within 24 hours is executed only once."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": (
            "The ETag that you last read. If the object has changed since, the request is "
            "rejected with 412."
        ),
        "schema": {"type": "string", "pattern": '^(\\*|(W/)?"[A-Za-z0-9_-]*")$'},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": (
            "The ETag that you last read. If the object has not changed since, the response is 304."
        ),
        "schema": {"type": "string"},
    },
}
