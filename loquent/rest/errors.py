"""The REST API's defaults: one format for errors, one kind of pages for lists."""

import json
import logging
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    JsonResponse,
)
from django.urls import resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, status
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from loquent.errors import ApplicationError, ConflictError, ErrorCode, VersionConflictError
from loquent.text import clean_text

logger = logging.getLogger(__name__)

# The exceptions of an unavailable database, and the seconds until a retry.
DATABASE_AWAY = (OperationalError, InterfaceError)
RETRY_AFTER_SECONDS = 5
STATUS = {
    ErrorCode.NOT_FOUND: status.HTTP_404_NOT_FOUND,
    ErrorCode.NOT_AUTHENTICATED: status.HTTP_401_UNAUTHORIZED,
    ErrorCode.FORBIDDEN: status.HTTP_403_FORBIDDEN,
    ErrorCode.CONFLICT: status.HTTP_409_CONFLICT,
    ErrorCode.REQUEST_IN_PROGRESS: status.HTTP_409_CONFLICT,
    ErrorCode.TAKEN: status.HTTP_409_CONFLICT,
    ErrorCode.STALE: status.HTTP_409_CONFLICT,
    ErrorCode.PRECONDITION_FAILED: status.HTTP_412_PRECONDITION_FAILED,
    ErrorCode.IDEMPOTENCY_KEY_REUSED: status.HTTP_422_UNPROCESSABLE_ENTITY,
    ErrorCode.RATE_LIMITED: status.HTTP_429_TOO_MANY_REQUESTS,
    ErrorCode.UNAVAILABLE: status.HTTP_503_SERVICE_UNAVAILABLE,
}
# The code of a status that Django or the REST framework answers with.
CODES = {
    400: ErrorCode.INVALID,
    401: ErrorCode.NOT_AUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    406: ErrorCode.NOT_ACCEPTABLE,
    408: ErrorCode.REQUEST_TIMEOUT,
    409: ErrorCode.CONFLICT,
    413: ErrorCode.BODY_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    429: ErrorCode.RATE_LIMITED,
    503: ErrorCode.UNAVAILABLE,
}
SAY_WHO_YOU_ARE = "Send an API key in the header Authorization: Bearer lqk_…, or log in."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return every error as `{"code", "message", "fields"}`; see docs/api.md, "Errors"."""
    if isinstance(error, ApplicationError):
        return _application_error(error)
    if isinstance(error, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024
        message = f"The body is larger than {limit} MiB."
        return error_response(413, ErrorCode.BODY_TOO_LARGE, message, {"body": [message]})
    if isinstance(error, DATABASE_AWAY):
        return _database_away(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, exceptions.NotAuthenticated):
        error.detail = exceptions.ErrorDetail(SAY_WHO_YOU_ARE)
    if isinstance(error, DjangoValidationError):
        fields = error.message_dict if hasattr(error, "error_dict") else {"body": error.messages}
        return error_response(400, ErrorCode.INVALID, first_sentence(fields), fields)
    if isinstance(error, exceptions.ValidationError):
        fields = flatten(error.detail)
        return error_response(400, ErrorCode.INVALID, first_sentence(fields), fields)
    if isinstance(error, exceptions.APIException):
        code = CODES.get(error.status_code, ErrorCode.INVALID)
        fields = {"body": [str(error.detail)]} if error.status_code == 400 else {}
        response = error_response(error.status_code, code, str(error.detail), fields)
        challenge = getattr(error, "auth_header", None)
        if challenge:
            response["WWW-Authenticate"] = challenge
        return response
    return None


def _application_error(error: ApplicationError) -> Response:
    status_code = STATUS.get(error.code, status.HTTP_400_BAD_REQUEST)
    response = error_response(status_code, error.code, error.message, error.fields)
    if isinstance(error, VersionConflictError):
        response.data["current"] = error.current
    if isinstance(error, ConflictError):
        response.data.update(error.details)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def _database_away(error: Exception) -> Response:
    """Return the error for a timeout or lost connection, without its text, which may hold data."""
    cause = type(error.__cause__ or error).__name__
    logger.error("The database failed a request of the REST API: %s", cause)
    message = "The database is not responding. Please try again in a moment."
    response = error_response(503, ErrorCode.UNAVAILABLE, message, {})
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def error_response(
    status_code: int, code: ErrorCode, message: str, fields: dict[str, list[str]]
) -> Response:
    """Return an error response. Sentences may quote what was sent, so they are cleaned."""
    clean = {
        clean_text(name): [clean_text(sentence) for sentence in sentences]
        for name, sentences in fields.items()
    }
    body = {"code": code, "message": clean_text(message), "fields": clean}
    # JSON, even if the response would have had another format.
    return Response(body, status=status_code, content_type="application/json")


def flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Return DRF's nested details as `{"knowledge.0.title": ["…"]}`; `body` if none is named."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            key = "" if name == "non_field_errors" else str(name)
            found |= flatten(inner, ".".join(part for part in (prefix, key) if part))
        return found
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        found = {}
        for position, inner in enumerate(detail):
            found |= flatten(inner, f"{prefix}.{position}" if prefix else str(position))
        return found
    sentences = [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]
    return {prefix or "body": sentences} if sentences else {}


def first_sentence(fields: dict[str, list[str]]) -> str:
    """Return the first error as one sentence that names its field."""
    for name, sentences in fields.items():
        return f"{name}: {sentences[0]}"
    return "The request is not valid."


@csrf_exempt
def unknown_path(request: HttpRequest, rest: str) -> HttpResponse:
    """Return a 404 for unknown paths below `/api/v1/`, or redirect to the path with a slash."""
    if not rest.endswith("/") and resolve(f"{request.path_info}/").func is not unknown_path:
        return HttpResponsePermanentRedirect(
            request.get_full_path(force_append_slash=True), preserve_request=True
        )
    return _plain_error(404, ErrorCode.NOT_FOUND, "There is no endpoint at this URL.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a request that Django itself rejects, such as one with an unknown Host."""
    if not request.path_info.startswith("/api/"):
        return defaults.bad_request(request, exception)
    return _plain_error(400, ErrorCode.INVALID, "The request is not valid.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond to a request that failed in our code; the log has the error."""
    if not request.path_info.startswith("/api/"):
        return defaults.server_error(request)
    return _plain_error(
        500, ErrorCode.INTERNAL, "Something went wrong on our side. Please try again."
    )


def _plain_error(status_code: int, code: ErrorCode, message: str) -> JsonResponse:
    return JsonResponse({"code": code, "message": message, "fields": {}}, status=status_code)


class StrictJSONParser(JSONParser):
    """JSON in UTF-8, regardless of the declared charset; an unreadable body returns 400.

    A byte order mark is ignored (RFC 8259, 8.1): .NET and PowerShell send one.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return json.loads(stream.read().decode("utf-8-sig"), parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            raise exceptions.ParseError("The body is not JSON: it is not UTF-8 text.") from None
        except RecursionError:
            raise exceptions.ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value in JSON")


class NewestFirstPagination(CursorPagination):
    """Pages of 50, newest first; `next` is the address of the following page, or null.

    If the view has its own order, that one is used (loquent/rest/filters.py).
    """

    ordering: tuple[str, ...] = ("-created_at", "-id")
    page_size = 50
    # How many rows may share one time, as those of an import do, before pages repeat.
    offset_cutoff = 1_000_000

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (exceptions.NotFound, DjangoValidationError, ValueError, OverflowError):
            raise exceptions.ValidationError(
                {"cursor": "This cursor is not valid. Start again without one."}
            ) from None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The URL of the next page; null on the last page.",
                    "example": "https://chat.example.com/api/v1/contacts/?cursor=cD0y",
                },
            },
        }
