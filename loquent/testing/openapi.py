"""The OpenAPI document of this code."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@cache
def openapi_document() -> dict[str, Any]:
    """Return the document, which takes half a second to generate. Don't change it."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document
