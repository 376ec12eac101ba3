"""A visitor's browser, connected to the real ASGI application in this process."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from channels.routing import get_default_application
from channels.testing import WebsocketCommunicator

from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.protocol import TOKEN_SUBPROTOCOL, V2_SUBPROTOCOL
from widgets.models import WidgetConfig

Frame = dict[str, Any]


class SocketClosedError(AssertionError):
    """Raised if the server closes the socket while a test waits for a frame."""


class VisitorSocket:
    """One socket. If the handshake was refused, `accepted` is False and `close_code` is set."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self._communicator = communicator
        self._has_left = False
        # Whether `receive` returns frames of the type `conversation`, too.
        self.shows_conversation = False
        self.accepted = False
        self.subprotocol: str | None = None
        self.close_code: int | None = None
        # The token of the latest `session` frame that was received.
        self.token = ""

    async def connect(self) -> None:
        """Do the handshake."""
        self.accepted, answer = await self._communicator.connect(timeout=WAIT_SECONDS)
        if self.accepted:
            self.subprotocol = answer
        else:
            await self._note_close(answer)

    async def receive(self) -> Frame:
        """Return the next frame; raise SocketClosedError if the server closes instead.

        Frames of the type `conversation` are skipped unless `shows_conversation`.
        """
        frame: Frame
        while True:
            output = await self._next_output()
            if output["type"] == "websocket.close":
                raise SocketClosedError(f"closed with {self.close_code}")
            frame = json.loads(output["text"])
            if self.shows_conversation or frame["type"] != "conversation":
                break
        if frame["type"] == "session":
            self.token = frame["session_token"]
        return frame

    async def until(self, kind: str) -> list[Frame]:
        """Return all frames up to and including the next one of this type."""
        frames = [await self.receive()]
        while frames[-1]["type"] != kind:
            frames.append(await self.receive())
        return frames

    async def closed(self) -> int:
        """Return the code with which the server closes, ignoring frames before that."""
        while self.close_code is None:
            await self._next_output()
        return self.close_code

    async def drained(self) -> list[Frame]:
        """Return all queued frames: those that arrive before the answer to a `ping` (v2)."""
        await self.send({"type": "ping"})
        return (await self.until("pong"))[:-1]

    async def send(self, frame: Frame) -> None:
        """Send a frame."""
        await self.send_raw(json.dumps(frame))

    async def send_raw(self, raw: str | bytes) -> None:
        """Send a text or binary frame unchanged, even an empty one."""
        kind = "text" if isinstance(raw, str) else "bytes"
        await self._communicator.send_input({"type": "websocket.receive", kind: raw})

    async def say(self, content: str, client_message_id: str | None = None) -> None:
        """Send a message."""
        frame: Frame = {"type": "message", "content": content}
        if client_message_id is not None:
            frame["client_message_id"] = client_message_id
        await self.send(frame)

    async def leave(self, code: int = 1001) -> None:
        """Close from the visitor's side; closing again does nothing."""
        if not self._has_left:
            self._has_left = True
            try:
                await self._communicator.disconnect(code, timeout=WAIT_SECONDS)
            except asyncio.CancelledError:
                # The communicator cancels what keeps a test waiting, and says so again later. Out
                # of a fixture that would end pytest's teardown, and with it every test after this.
                raise AssertionError("The application did not answer in time.") from None

    async def _next_output(self) -> dict[str, Any]:
        output: dict[str, Any] = await self._communicator.receive_output(WAIT_SECONDS)
        if output["type"] == "websocket.close":
            await self._note_close(output.get("code", 1000))
        return output

    async def _note_close(self, code: int) -> None:
        """Notify the application, as a server does after a connection is closed."""
        self.close_code = code
        await self.leave(code)


def kinds(frames: Sequence[Frame]) -> list[str]:
    """Return the types of the frames."""
    return [frame["type"] for frame in frames]


class Visits:
    """The sockets of one test."""

    def __init__(self) -> None:
        self._sockets: list[VisitorSocket] = []

    async def __call__(
        self,
        widget: WidgetConfig | str,
        *,
        v2: bool = True,
        token: str | None = None,
        token_in_url: bool = False,
        origin: str | bytes | None = None,
        query: str = "",
        headers: Sequence[tuple[bytes, bytes]] = (),
        ip: str = "127.0.0.1",
    ) -> VisitorSocket:
        """Open a socket without receiving its first frame.

        `token` goes as a subprotocol with v2 and in the query without, or where `token_in_url`.
        """
        widget_id = widget if isinstance(widget, str) else widget.widget_id
        subprotocols = [V2_SUBPROTOCOL] if v2 else []
        if token is not None and v2 and not token_in_url:
            subprotocols.append(TOKEN_SUBPROTOCOL + token)
        elif token is not None:
            query = f"{query}&token={token}".lstrip("&")
        sent = [(b"host", b"127.0.0.1:8000"), *headers]
        if origin is not None:
            sent.append((b"origin", origin if isinstance(origin, bytes) else origin.encode()))
        communicator = WebsocketCommunicator(
            get_default_application(), f"/api/widget/{widget_id}/ws?{query}", sent, subprotocols
        )
        communicator.scope["client"] = (ip, 50_000)
        socket = VisitorSocket(communicator)
        self._sockets.append(socket)
        await socket.connect()
        return socket

    async def opened(self, widget: WidgetConfig | str, **how: Any) -> VisitorSocket:
        """Open a socket like a call, and receive its `session` frame."""
        socket = await self(widget, **how)
        await socket.receive()
        return socket

    async def end(self) -> None:
        """Close every socket."""
        await asyncio.gather(*(socket.leave() for socket in self._sockets))
