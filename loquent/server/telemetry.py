"""Count and trace HTTP requests by view name."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from loquent.server.middleware import AroundMiddleware, Finish
from loquent.telemetry import tracing
from loquent.telemetry.metrics import REQUEST_TIME, REQUESTS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class TelemetryMiddleware(AroundMiddleware):
    """The outermost middleware, so that error responses are counted as well."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Finish]:
        began = time.perf_counter()
        with tracing.request_span(request.headers) as span:
            yield lambda response: _note(request, response, began, span)


def _note(
    request: HttpRequest, response: HttpResponseBase, began: float, span: tracing.Span
) -> HttpResponseBase:
    view = view_name(request)
    method = request.method if request.method in METHODS else "OTHER"
    REQUESTS.labels(view, method, str(response.status_code)).inc()
    REQUEST_TIME.labels(view).observe(time.perf_counter() - began)
    span.rename(f"{method} {view}")
    span.set("http.request.method", method)
    span.set("http.response.status_code", response.status_code)
    return response


def view_name(request: HttpRequest) -> str:
    """Return the name of the view that answered; `static` or `none` if there was none."""
    match = request.resolver_match
    if match is not None:
        return match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"
