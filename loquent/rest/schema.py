"""`/api/schema/`: the OpenAPI document, generated once per process."""

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

CACHE = "public, max-age=300"
TITLE = settings.SPECTACULAR_SETTINGS["TITLE"]


class YamlRenderer(JSONRenderer):
    """Lets a program request YAML with `Accept`. Errors are still JSON."""

    media_type = OpenApiYamlRenderer.media_type
    format = "yaml"
    content_type = f"{media_type}; charset=utf-8"


class PlainYamlRenderer(YamlRenderer):
    """The same with another name."""

    media_type = "application/yaml"
    content_type = f"{media_type}; charset=utf-8"


class OpenApiRenderer(JSONRenderer):
    """Lets a program request JSON with its exact type."""

    media_type = content_type = OpenApiJsonRenderer.media_type
    format = "json"


class PlainJsonRenderer(OpenApiRenderer):
    """The same with its usual name."""

    media_type = content_type = "application/json"


@dataclass(frozen=True, slots=True)
class Document:
    """The document in one format."""

    content: bytes
    etag: str


_lock = threading.Lock()
_documents: dict[str, Document] = {}


def document(kind: str) -> Document:
    """Return the document as `yaml` or `json`.

    The first call generates both under a lock: generation takes much CPU time, and it is
    not safe in several threads.
    """
    if not _documents:
        with _lock:
            if not _documents:
                _documents.update(_generate())
    return _documents[kind]


def _generate() -> dict[str, Document]:
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = {}
    for renderer in (OpenApiYamlRenderer, OpenApiJsonRenderer):
        content = renderer().render(schema, renderer_context={})
        digest = hashlib.sha256(content).hexdigest()[:32]
        found[renderer.format] = Document(content, f'"{digest}"')
    return found


class ApiSchema(APIView):
    """The same for all users: YAML, or JSON if `Accept` requests it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    renderer_classes = (YamlRenderer, PlainYamlRenderer, OpenApiRenderer, PlainJsonRenderer)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse | Response:
        """Return the document, or 304 if the client's copy is current."""
        renderer: Any = request.accepted_renderer
        found = document(renderer.format)
        response = HttpResponse(found.content, content_type=renderer.content_type)
        response["ETag"] = found.etag
        conditional = get_conditional_response(request._request, etag=found.etag, response=response)
        response = conditional if isinstance(conditional, HttpResponse) else response
        response["Cache-Control"] = CACHE
        response["Content-Disposition"] = f'inline; filename="{TITLE}.{renderer.format}"'
        patch_vary_headers(response, ["Accept"])
        return response
