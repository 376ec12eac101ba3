"""What `manage.py doctor` asks of a server from outside, through whatever stands between.

Only who knows SECRET_KEY gets an answer; for everybody else the address doesn't exist.
"""

import asyncio
import hashlib
import hmac
import json
import resource
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings

from loquent.server.addresses import forwarded_for, scope_address

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
PATH = "/api/probe"
# Where proxies let large bodies pass.
BODY_PATH = "/api/v1/probe"
HEADER = "X-Loquent-Probe"
MAX_AGE_SECONDS = 300
MAX_WAIT_SECONDS = 180
STREAM_PAUSE_SECONDS = 1.0


def make_ticket() -> str:
    """What opens the probe for a while: a time, a number, and a signature of both."""
    text = f"{int(time.time())}.{secrets.token_hex(8)}"
    return f"{text}.{_sign('ticket', text)}"


def proof(ticket: str) -> str:
    """What only a server with the same SECRET_KEY can answer to a ticket."""
    return _sign("answer", ticket)


def is_valid(ticket: str) -> bool:
    """Whether a ticket is ours, and not from long ago or far ahead."""
    text, _, signature = ticket.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _sign("ticket", text).encode()):
        return False
    return abs(time.time() - int(text.partition(".")[0])) < MAX_AGE_SECONDS


def _sign(label: str, text: str) -> str:
    key = hashlib.sha256(b"loquent.probe" + settings.SECRET_KEY.encode()).digest()
    return hmac.digest(key, f"{label}:{text}".encode(), "sha256").hex()


class ProbeApplication:
    """Answers the probe, over HTTP and as a socket, and passes everything else on.

    `GET`: what the server sees of the request. `?wait=61`: the same, after so many seconds.
    `?stream=1`: two pieces with a pause between. `POST`: how long the body was. A socket echoes.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] not in {PATH, BODY_PATH}:
            await self._application(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == HEADER.lower().encode()]
        ticket = given[0].decode("latin-1") if len(given) == 1 else ""
        if not is_valid(ticket):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await _echo(receive, send)
        else:
            await _answer(scope, receive, send, ticket)


async def _echo(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event.get("text") or ""})


async def _answer(scope: dict[str, Any], receive: Any, send: Any, ticket: str) -> None:
    length = 0
    more = True
    while more:
        event = await receive()
        length += len(event.get("body", b""))
        more = event.get("more_body", False)
    query = parse_qs(scope["query_string"].decode("latin-1"))
    body = json.dumps({**_seen(scope), "proof": proof(ticket), "body_bytes": length}).encode()
    wait = query.get("wait", ["0"])[0]
    if wait.isdecimal():
        await asyncio.sleep(min(int(wait), MAX_WAIT_SECONDS))
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if "stream" in query:
        # White space before JSON is nothing.
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.sleep(STREAM_PAUSE_SECONDS)
    await send({"type": "http.response.body", "body": body})


def _seen(scope: dict[str, Any]) -> dict[str, Any]:
    def values(name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in scope["headers"] if key == name]

    return {
        "client": scope_address(scope),
        "forwarded_for": [e.strip() for value in forwarded_for(scope) for e in value.split(",")],
        "forwarded_proto": values(b"x-forwarded-proto"),
        "host": values(b"host"),
        "trusted_proxy_count": settings.TRUSTED_PROXY_COUNT,
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    }
