"""Refuse requests at the edge, before Django, with a message, and close the connection cleanly."""

import asyncio
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from loquent.errors import ErrorCode
from loquent.server.headers import STRICTEST
from loquent.telemetry.metrics import HTTP_REFUSALS

Scope = dict[str, Any]
# If the connection were closed while a client is still sending its body, the client would lose the
# answer, and a proxy would return 502. So the rest is read, but not stored.
DRAIN_BYTES = 32 * 1024 * 1024
DRAIN_SECONDS = 5.0
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>{title}</h1><p>{message}</p>
<p>Nothing was saved. Use your browser's Back button to return to the form.</p></body></html>
"""
TITLES = {
    408: "Request timeout",
    413: "Request too large",
    415: "Unsupported content type",
    503: "Server busy",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not passed on. `reason` is the label of the metric."""

    status: int
    code: ErrorCode
    message: str
    reason: str
    retry_after: int | None = None


async def refuse(
    scope: Scope,
    receive: Any,
    send: Any,
    refusal: Refusal,
    *,
    is_started: bool,
    is_complete: bool,
) -> None:
    """Send the refusal: JSON in the format of the REST API, or a page for a browser.

    `is_started` and `is_complete` say how much of the body was received. If it is incomplete, the
    connection is closed, because the rest of the body must not be parsed as the next request.
    Before closing, the rest is received and dropped, within bounds, unless the client waits for
    `100 Continue` or is too slow anyway.
    """
    HTTP_REFUSALS.labels(refusal.reason).inc()
    headers = dict(scope["headers"])
    content, kind = _content(scope, headers, refusal)
    answer = [
        (b"content-type", kind),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", STRICTEST.encode()),
        *_cors(scope, headers),
    ]
    if not is_complete:
        answer.append((b"connection", b"close"))
    if refusal.retry_after is not None:
        answer.append((b"retry-after", str(refusal.retry_after).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": answer})
    await send({"type": "http.response.body", "body": content, "more_body": True})
    is_waiting = not is_started and headers.get(b"expect", b"").lower() == b"100-continue"
    if not is_complete and not is_waiting and refusal.status != 408:
        await _drain(receive)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Any) -> None:
    left = DRAIN_BYTES
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while left > 0:
                event = await receive()
                left -= len(event.get("body", b""))
                if not event.get("more_body", False):
                    return
    except TimeoutError:
        pass


def _content(scope: Scope, headers: dict[bytes, bytes], refusal: Refusal) -> tuple[bytes, bytes]:
    is_api = scope["path"].startswith("/api/")
    if not is_api and b"text/html" in headers.get(b"accept", b""):
        page = PAGE.format(title=TITLES[refusal.status], message=html.escape(refusal.message))
        return page.encode(), b"text/html; charset=utf-8"
    fields = {"body": [refusal.message]} if is_api and refusal.status == 413 else {}
    body = {"code": refusal.code, "message": refusal.message, "fields": fields}
    return json.dumps(body).encode(), b"application/json"


def _cors(scope: Scope, headers: dict[bytes, bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Let the origins that could read the response read the refusal; it reveals nothing else."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    if scope["path"].startswith("/api/widget/"):
        yield b"access-control-allow-origin", b"*"
    elif origin in settings.CORS_ALLOWED_ORIGINS and re.match(
        settings.CORS_URLS_REGEX, scope["path"]
    ):
        yield b"access-control-allow-origin", origin.encode("latin-1")
        yield b"access-control-expose-headers", b"Retry-After"
        yield b"vary", b"Origin"
