"""Traces, if the settings enable them; otherwise every call here does next to nothing.

loquent/telemetry/otel.py is imported only if OTEL_EXPORTER_OTLP_ENDPOINT is set.
"""

import functools
import importlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, ParamSpec, Protocol, TypeVar

from django.conf import settings

from loquent.telemetry import correlation

P = ParamSpec("P")
T = TypeVar("T")
# Messages whose turn hasn't started; the turn of an evicted one starts a new trace.
MAX_KEPT = 10_000


class Span(Protocol):
    """The operations on a span. Spans never contain message text."""

    def set(self, name: str, value: str | int) -> None:
        """Set an attribute."""

    def rename(self, name: str) -> None:
        """Change its name."""

    def event(self, name: str) -> None:
        """Record an event."""

    def fail(self, kind: str) -> None:
        """Mark it as failed, with the kind of error."""

    def end(self) -> None:
        """End the span; a second call does nothing."""


class _NoSpan:
    def set(self, name: str, value: str | int) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def event(self, name: str) -> None:
        pass

    def fail(self, kind: str) -> None:
        pass

    def end(self) -> None:
        pass


NO_SPAN = _NoSpan()
_NOTHING: AbstractContextManager[Span] = nullcontext(NO_SPAN)
_otel: Any = importlib.import_module("loquent.telemetry.otel") if settings.TRACING else None
_kept: OrderedDict[str, Any] = OrderedDict()


def span(
    name: str, *, parent: Any = None, only_inside: bool = False
) -> AbstractContextManager[Span]:
    """Open a span around a block, below the current one or `parent` (see `take`).

    `only_inside`: open no span if there is no current one.
    """
    if _otel is None or (only_inside and not _otel.is_inside()):
        return _NOTHING
    return _current(_begin(name, parent=parent))


def request_span(headers: Mapping[str, str]) -> AbstractContextManager[Span]:
    """Open the span of an HTTP request, below the caller's if the headers name one."""
    if _otel is None:
        return _NOTHING
    return _current(_begin("HTTP request", parent=_otel.parent_of(headers)))


def begin(name: str) -> Span:
    """Return a span below the current one, which the caller ends; it never becomes current."""
    return NO_SPAN if _otel is None else _begin(name)


def traced(name: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Open a span for each call of an asynchronous function (a decorator)."""

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        if _otel is None:
            return function

        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with span(name):
                return await function(*args, **kwargs)

        return call

    return decorate


def keep(key: str) -> None:
    """Remember the current span under a key, for a later task."""
    if _otel is not None:
        _kept[key] = _otel.current()
        if len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)


def take(key: str) -> Any:
    """Return and forget the span of a key; None if there is none."""
    return _kept.pop(key, None)


def ids() -> tuple[str, str]:
    """Return the IDs of the current trace and span; empty if there is none."""
    return ("", "") if _otel is None else _otel.ids()


def flush() -> None:
    """Send pending spans. Blocks, so don't call it in the event loop."""
    if _otel is not None:
        _otel.flush()


def _begin(name: str, *, parent: Any = None) -> Any:
    started: Any = _otel.OtelSpan(name, parent)
    for attribute, variable in (
        ("loquent.request_id", correlation.request_id),
        ("loquent.session_id", correlation.session_id),
    ):
        if value := variable.get():
            started.set(attribute, value)
    return started


@contextmanager
def _current(started: Any) -> Iterator[Span]:
    with started.as_current():
        try:
            yield started
        except BaseException as error:
            # Its text could contain content.
            started.fail(type(error).__name__)
            raise
        finally:
            started.end()
