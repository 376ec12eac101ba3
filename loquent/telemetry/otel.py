"""OpenTelemetry behind loquent/telemetry/tracing.py; imported only if traces are on.

Sampling, headers and timeouts are the SDK's own environment variables.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from django.conf import settings
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

FLUSH_MS = 3_000

_provider = TracerProvider(resource=Resource.create({SERVICE_NAME: settings.OTEL_SERVICE_NAME}))
_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
_tracer = _provider.get_tracer("loquent")
_propagator = TraceContextTextMapPropagator()


class OtelSpan:
    """A span; see loquent.telemetry.tracing.Span."""

    def __init__(self, name: str, parent: Context | None) -> None:
        self._span = _tracer.start_span(name, context=parent)

    def set(self, name: str, value: str | int) -> None:
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def event(self, name: str) -> None:
        self._span.add_event(name)

    def fail(self, kind: str) -> None:
        self._span.set_status(trace.StatusCode.ERROR, kind)

    def end(self) -> None:
        self._span.end()

    def as_current(self) -> AbstractContextManager[object]:
        """Make it current for a block. Exceptions are not recorded: they contain content."""
        return trace.use_span(
            self._span, end_on_exit=False, record_exception=False, set_status_on_exception=False
        )


def is_inside() -> bool:
    """Return whether there is a current span."""
    return trace.get_current_span().get_span_context().is_valid


def parent_of(headers: Mapping[str, str]) -> Context:
    """Return the span that a request's `traceparent` names."""
    return _propagator.extract({name.lower(): value for name, value in headers.items()})


def current() -> Context:
    """Return the current span, for use as a parent later."""
    return trace.set_span_in_context(trace.get_current_span())


def ids() -> tuple[str, str]:
    """Return the current trace's and span's IDs in hex; empty if there is none."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return "", ""
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)


def flush() -> None:
    """Send pending spans, for at most FLUSH_MS."""
    _provider.force_flush(FLUSH_MS)
