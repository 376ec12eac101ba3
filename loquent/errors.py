"""The errors that services raise. Independent of Django, so that every layer may import it."""

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """The kind of an error, for programs. The message is for people and may change."""

    # On the visitor's socket: a closed set (docs/protocol.md, "Error codes").
    INVALID_FRAME = "invalid_frame"
    UNSUPPORTED_FRAME = "unsupported_frame"
    MESSAGE_EMPTY = "message_empty"
    MESSAGE_TOO_LONG = "message_too_long"
    CONTACT_INFO_REQUIRED = "contact_info_required"
    CONTACT_INFO_INVALID = "contact_info_invalid"
    CONTACT_INFO_NOT_COLLECTED = "contact_info_not_collected"
    DAILY_CAP_REACHED = "daily_cap_reached"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    AGENT_UNAVAILABLE = "agent_unavailable"
    INTERRUPTED = "interrupted"
    FORBIDDEN = "forbidden"
    PERSON_UNAVAILABLE = "person_unavailable"
    INTERNAL = "internal"

    # REST API and admin only.
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    NOT_AUTHENTICATED = "not_authenticated"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    NOT_ACCEPTABLE = "not_acceptable"
    PRECONDITION_FAILED = "precondition_failed"
    BODY_TOO_LARGE = "body_too_large"
    REQUEST_TIMEOUT = "request_timeout"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    REQUEST_IN_PROGRESS = "request_in_progress"
    UNAVAILABLE = "unavailable"
    TAKEN = "taken"
    STALE = "stale"


class ApplicationError(Exception):
    """A rule was broken.

    `message` is one sentence that says what to do. `fields` maps the invalid fields to their
    sentences. `retry_after` is in seconds, if waiting helps. `limit` names the limit that caused
    the refusal, if any, for the counts that staff see.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        fields: dict[str, list[str]] | None = None,
        retry_after: int | None = None,
        limit: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.retry_after = retry_after
        self.limit = limit


class ConflictError(ApplicationError):
    """Someone else was faster. `details` are further fields of the error's JSON."""

    def __init__(self, code: ErrorCode, message: str, *, details: dict[str, Any]) -> None:
        super().__init__(code, message)
        self.details = details


class VersionConflictError(ApplicationError):
    """Another caller has saved the row since this one read it.

    `current` maps the fields that differ to their present values, which can be written as JSON.
    """

    def __init__(self, message: str, *, current: dict[str, Any]) -> None:
        super().__init__(
            ErrorCode.PRECONDITION_FAILED,
            message,
            fields={name: ["This has changed since you read it."] for name in current},
        )
        self.current = current


def invalid(fields: dict[str, list[str]]) -> ApplicationError:
    """Return an `invalid` error about these fields; its message is the first sentence."""
    name, sentences = next(iter(fields.items()))
    return ApplicationError(ErrorCode.INVALID, f"{name}: {sentences[0]}", fields=fields)
