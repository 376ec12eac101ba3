"""What the OpenAPI document says about every operation: headers, errors, and an example of each."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from loquent.rest.openapi_parts import (
    ALWAYS,
    CONFLICT_SCHEMA,
    ERROR_SCHEMA,
    ERRORS,
    HEADERS,
    PARAMETERS,
    SUCCESS,
    Schema,
)
from loquent.rest.streaming import MEDIA_TYPE

T = TypeVar("T", bound=type)
UUID_EXAMPLE = "6f1c2f0e-3a52-4f0e-9d0a-3f6f2f6a1b11"


def examples(*, request: Schema | None = None, response: Schema) -> Callable[[T], T]:
    """Give a serializer an example of a request and of a response."""
    given = [OpenApiExample("Answer", value=response, response_only=True)]
    if request is not None:
        given.append(OpenApiExample("Request", value=request, request_only=True))

    def decorate(serializer: T) -> T:
        return extend_schema_serializer(examples=given)(serializer)

    return decorate


def line_example(document: Schema) -> OpenApiExample:
    """Return the example of a line of an export."""
    return OpenApiExample("Line", value=document, response_only=True, media_type=MEDIA_TYPE)


def add_components(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Add the components that OperationSchema refers to (a hook of drf-spectacular)."""
    components = result["components"]
    components["schemas"] |= {"Error": ERROR_SCHEMA, "VersionConflict": CONFLICT_SCHEMA}
    components["headers"] = HEADERS
    components["parameters"] = PARAMETERS
    components["responses"] = {entry[0]: _response(*entry) for entry in ERRORS.values()}
    return result


def _response(name: str, description: str, example: Schema) -> Schema:
    schema = "VersionConflict" if name == "PreconditionFailed" else "Error"
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    response: Schema = {"description": description, "content": {"application/json": content}}
    if name in {"Conflict", "RateLimited", "Unavailable"}:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return response


class OperationSchema(AutoSchema):
    """Adds to each operation the headers and errors that follow from its viewset and method."""

    view: Any

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        operation: Schema | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        is_versioned = hasattr(self.view, "version_of")
        is_row = bool(self.view.detail)
        names = self._parameters(is_versioned=is_versioned and is_row)
        references = [{"$ref": f"#/components/parameters/{name}"} for name in names]
        parameters = operation.get("parameters", [])
        statuses = self._statuses(
            has_body="requestBody" in operation,
            has_query=any(parameter["in"] == "query" for parameter in parameters),
            is_versioned=is_versioned and is_row,
        )
        operation["parameters"] = [*parameters, *references]
        responses = operation["responses"]
        for status, response in responses.items():
            response["description"] = response.get("description") or SUCCESS[status]
        for number in sorted(statuses):
            responses[str(number)] = {"$ref": f"#/components/responses/{ERRORS[number][0]}"}
        has_tag = is_versioned and (is_row or self.method == "POST")
        for status in {"200", "201"} & responses.keys():
            responses[status].setdefault("headers", {}).update(self._headers(status, has_tag))
        if is_versioned and is_row and self.method == "GET":
            responses["304"] = {
                "description": "The object has not changed since the version in `If-None-Match`.",
                "headers": _refer("ETag"),
            }
        return operation

    def _parameters(self, *, is_versioned: bool) -> list[str]:
        names = ["OrganizationId"]
        if self.method == "POST":
            names.append("IdempotencyKey")
        if is_versioned:
            names.append("IfNoneMatch" if self.method == "GET" else "IfMatch")
        return names

    def _statuses(self, *, has_body: bool, has_query: bool, is_versioned: bool) -> set[int]:
        statuses = {*ALWAYS, *self.view.more_statuses.get(self.view.action, ())}
        if has_body or has_query:
            statuses.add(400)
        if self.view.detail:
            statuses.add(404)
        if has_body:
            statuses |= {408, 413, 415}
        if self.method == "POST":
            statuses |= {400, 408, 409, 413, 415, 422}
        if is_versioned and self.method != "GET":
            statuses |= {400, 412}
        return statuses

    def _headers(self, status: str, has_tag: bool) -> Schema:
        headers = _refer("ETag") if has_tag else {}
        if self.method == "POST":
            headers |= _refer("Idempotent-Replayed")
        if status == "201":
            headers |= _refer("Location")
        return headers


def _refer(header: str) -> Schema:
    return {header: {"$ref": f"#/components/headers/{header.replace('-', '')}"}}
