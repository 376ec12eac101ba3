"""What the OpenAPI document says of every operation: headers, errors, and an example of each."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

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
        statuses |= {408, 413, 415}
    if method == "post":
        statuses |= {400, 408, 409, 413, 415, 422}
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
            "description": "The object has not changed since the version in `If-None-Match`.",
            "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        }
