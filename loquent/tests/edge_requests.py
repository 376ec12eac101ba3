"""Requests to ASGI applications whose body arrives piece by piece, for tests of the edge."""

import asyncio
from collections.abc import Iterable
from typing import Any

from django.conf import settings

KIB = 1024
SESSION = (b"cookie", f"a=b; {settings.SESSION_COOKIE_NAME}=made-up".encode())
KEY = (b"authorization", b"Bearer lqk_made-up")
AGENTS = "/api/v1/agents/"
LOGIN = "/admin/login/"


class Application:
    """Stands in for Django: keeps what it was given, and answers 200."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.running = self.most_running = 0
        self.started = asyncio.Event()
        self.gate: asyncio.Event | None = None
        self.after_start: asyncio.Event | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        self.started.set()
        try:
            self.bodies.append(await self._body(receive))
            if self.gate is not None:
                await self.gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            if self.after_start is not None:
                await self.after_start.wait()
            await send({"type": "http.response.body", "body": b"done"})
        finally:
            self.running -= 1

    async def _body(self, receive: Any) -> bytes:
        body, more = b"", True
        while more:
            event = await receive()
            assert event["type"] == "http.request"
            body += event["body"]
            more = event["more_body"]
        return body


class Client:
    """One request: `pieces` arrive as the application asks for them; then nothing more comes."""

    def __init__(
        self,
        path: str,
        *pieces: bytes,
        headers: Iterable[tuple[bytes, bytes]] = (),
        length: int | None = None,
        method: str = "POST",
        ends: bool = True,
        disconnects: bool = False,
        address: str = "127.0.0.1",
    ) -> None:
        declared = [] if length is None else [(b"content-length", str(length).encode())]
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8000"), *declared, *headers],
            "client": (address, 50_000),
        }
        self._pieces = [*pieces] or [b""]
        self._ends, self._disconnects = ends, disconnects
        self.received = 0
        # Set when everything was received that comes.
        self.is_quiet = asyncio.Event()
        self.is_answered = asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self._pieces:
            piece = self._pieces.pop(0)
            self.received += len(piece)
            more = bool(self._pieces) or not self._ends
            return {"type": "http.request", "body": piece, "more_body": more}
        self.is_quiet.set()
        if not self._disconnects:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, event: dict[str, Any]) -> None:
        self.sent.append(event)
        self.is_answered.set()

    async def ask(self, application: Any) -> int:
        """Send the request; return the status of the answer, 0 without one."""
        await application(self.scope, self.receive, self.send)
        return self.status

    @property
    def status(self) -> int:
        return self.sent[0]["status"] if self.sent else 0

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(event["body"] for event in self.sent[1:])
