"""Serve `/metrics` for Prometheus; disabled until the settings grant access.

Any worker can report the metrics of all workers: they share files in a directory that `serve`
creates.
"""

import asyncio
import hmac
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from loquent.server.addresses import direct_peer

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
PATH = "/metrics"
_OF_LIVING = re.compile(r"^gauge_live[a-z]+_([0-9]+)\.db\Z")


class MetricsApplication:
    """Answers `/metrics` and passes all other requests on; returns 404 without access."""

    def __init__(self, application: Application, *, measure: Callable[[], Awaitable[None]]) -> None:
        """`measure` is awaited before each response, for values that only the database has."""
        self._application = application
        self._measure = measure

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] != PATH:
            await self._application(scope, receive, send)
        elif not may_read(scope):
            await _answer(send, 404, b"Not found\n", "text/plain")
        else:
            await self._measure()
            body = await asyncio.to_thread(exposition)
            await _answer(send, 200, body, CONTENT_TYPE_LATEST)


def may_read(scope: dict[str, Any]) -> bool:
    """Return whether a request has METRICS_TOKEN, or comes directly from METRICS_ALLOW.

    Requests through a proxy don't count, because the proxy's own address is often allowed.
    """
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    token = settings.METRICS_TOKEN
    given = [value for name, value in headers if name == b"authorization"]
    if token and len(given) == 1 and hmac.compare_digest(given[0], f"Bearer {token}".encode()):
        return True
    peer = direct_peer(scope)
    return peer is not None and any(peer in network for network in settings.METRICS_ALLOW)


def exposition() -> bytes:
    """Return all metrics of all workers in Prometheus' format."""
    directory = os.environ.get(DIRECTORY)
    if not directory:
        return generate_latest(REGISTRY)
    _drop_dead_workers(Path(directory))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=directory)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _drop_dead_workers(directory: Path) -> None:
    """Drop the gauges of processes that have ended; their counters are kept."""
    for path in directory.iterdir():
        found = _OF_LIVING.match(path.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            mark_process_dead(int(found[1]), str(directory))  # type: ignore[no-untyped-call]


@contextmanager
def multiprocess_directory(workers: int) -> Iterator[None]:
    """Set a directory for the metrics of workers started inside; one worker needs none."""
    if workers == 1 or not (settings.METRICS_TOKEN or settings.METRICS_ALLOW):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="loquent-metrics-") as directory:
        os.environ[DIRECTORY] = directory
        yield


async def _answer(send: Any, status: int, body: bytes, content_type: str) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
