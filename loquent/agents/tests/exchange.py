"""One request to the scripted endpoint, and the ways to answer it."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class RecordedRequest:
    """What the endpoint was asked. `headers`: lower-case names. `body`: the parsed JSON."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int
    # Set when the connection is gone.
    client_closed: asyncio.Event = field(default_factory=asyncio.Event)
    # Set when the script has run to its end.
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_until_closed(self, seconds: float = 10) -> None:
        """Wait until the client has closed the connection; TimeoutError where it doesn't."""
        async with asyncio.timeout(seconds):
            await self.client_closed.wait()

    @property
    def system_prompt(self) -> str | None:
        """The text of the system message, None without one."""
        first = self.body["messages"][0] if self.body.get("messages") else {}
        return first["content"] if first.get("role") == "system" else None


class Exchange:
    """One request and the ways to answer it; made by the endpoint, used by scripts."""

    def __init__(self, request: RecordedRequest, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.keep_alive = True
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Bytes as they are, below HTTP."""
        self._writer.write(data)
        with suppress(ConnectionError):
            await self._writer.drain()

    async def respond(
        self, status: int, body: bytes, content_type: str = "application/json", **headers: str
    ) -> None:
        """A whole response; `Retry_After="1"` becomes the header Retry-After."""
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def start_stream(self) -> None:
        """The head of a streamed answer; what follows goes through `chunk`, `event` or `token`."""
        await self.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    async def chunk(self, data: bytes) -> None:
        """A piece of the streamed body."""
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def event(self, data: Any) -> None:
        """A server-sent event: a string as it is, anything else as JSON."""
        text = data if isinstance(data, str) else json.dumps(data)
        await self.chunk(f"data: {text}\n\n".encode())

    async def token(self, text: str) -> None:
        """A completion chunk with this text."""
        await self.event({"choices": [{"index": 0, "delta": {"content": text}}]})

    async def end_stream(self, reason: str = "stop", *, usage: tuple[int, int] = (7, 3)) -> None:
        """finish_reason, token counts (input, output), [DONE], and the end of the body."""
        await self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        await self.event({"choices": [], "usage": counts})
        await self.event("[DONE]")
        await self.end_body()

    async def end_body(self) -> None:
        """Only the end of the streamed body."""
        await self.send(b"0\r\n\r\n")

    def reset(self) -> None:
        """Cut the connection with RST."""
        self.keep_alive = False
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def hang(self) -> None:
        """Say nothing more until the client is gone."""
        await self.request.client_closed.wait()


Script = Callable[[Exchange], Awaitable[None]]
