"""The outermost layer: assign IDs to requests and sockets, and count them.

Consumers and views don't depend on it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from loquent.telemetry.correlation import choose_request_id, request_id
from loquent.telemetry.metrics import CLOSES, HANDSHAKES, SOCKETS, frames

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
HEADER = b"x-request-id"
# The codes that browsers send by themselves; clients can close with any other code.
USUAL_CODES = range(1000, 1016)


class EdgeApplication:
    """Wraps the whole application."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._application(scope, receive, send)
            return
        offered = [value for name, value in scope["headers"] if name == HEADER]
        chosen = choose_request_id(offered[0] if len(offered) == 1 else None)
        request_id.set(chosen)
        header = (HEADER, chosen.encode())
        if scope["type"] == "websocket":
            await _Socket(receive, send, header).run(self._application, scope)
            return

        async def send_with_id(event: dict[str, Any]) -> None:
            if event["type"] == "http.response.start":
                event = {**event, "headers": [*event.get("headers", ()), header]}
            await send(event)

        await self._application(scope, receive, send_with_id)


class _Socket:
    """Counts one socket."""

    def __init__(self, receive: Any, send: Any, header: tuple[bytes, bytes]) -> None:
        self._receive = receive
        self._send = send
        self._header = header
        self._is_open = False
        self._is_answered = False

    async def run(self, application: Application, scope: dict[str, Any]) -> None:
        try:
            await application(scope, self.receive, self.send)
        finally:
            if not self._is_answered:
                HANDSHAKES.labels("failed").inc()
            # The application ended without closing the socket, or the client sent no close frame.
            self._closed("nobody", 1006)

    async def receive(self) -> Any:
        event = await self._receive()
        if event["type"] == "websocket.receive":
            frames.received += 1
        elif event["type"] == "websocket.disconnect":
            self._closed("client", event.get("code") or 1005)
        return event

    async def send(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "websocket.send":
            frames.sent += 1
        elif kind == "websocket.accept":
            event = {**event, "headers": [*event.get("headers", ()), self._header]}
            self._is_open = self._is_answered = True
            HANDSHAKES.labels("accepted").inc()
            SOCKETS.inc()
        elif kind == "websocket.close":
            if not self._is_answered:
                self._is_answered = True
                HANDSHAKES.labels("refused").inc()
            self._closed("server", event.get("code") or 1000)
        await self._send(event)

    def _closed(self, by: str, code: int) -> None:
        if not self._is_open:
            return
        self._is_open = False
        SOCKETS.dec()
        is_usual = by == "server" or code in USUAL_CODES
        CLOSES.labels(by, str(code) if is_usual else "other").inc()
