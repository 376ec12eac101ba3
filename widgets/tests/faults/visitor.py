"""A visitor over a real network, with no more patience than a test should have."""

import asyncio
import json
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from loquent.testing.waiting import WAIT_SECONDS

Frame = dict[str, Any]


class Visitor:
    """One socket; `session` is its first frame."""

    def __init__(self, server_url: str, widget_id: str) -> None:
        self._address = f"{server_url}/api/widget/{widget_id}/ws"
        self.connection: ClientConnection | None = None
        self.session: Frame = {}
        self.token = ""

    async def connect(self, *, token: str = "", v2: bool = True, query: str = "") -> None:
        """Shake hands and receive the session."""
        names = (["loquent.v2"] if v2 else []) + ([f"loquent.token.{token}"] if token else [])
        self.session = {}
        # As the widget does: a server that is too busy to open the chat says so.
        while not self.session or self.session.get("code") == "internal":
            self.connection = await websockets.connect(
                self._address + query,
                subprotocols=[Subprotocol(name) for name in names] or None,
                open_timeout=WAIT_SECONDS,
                close_timeout=1,
                ping_interval=None,
            )
            self.session = await self.receive()
        self.token = self.session.get("session_token", "")

    async def receive(self) -> Frame:
        """The next frame, except those that say who has the conversation."""
        assert self.connection is not None
        while True:
            frame: Frame = json.loads(await asyncio.wait_for(self.connection.recv(), WAIT_SECONDS))
            if frame["type"] != "conversation":
                return frame

    async def until(self, *kinds: str) -> list[Frame]:
        """All frames up to and with the next one of these types."""
        frames = [await self.receive()]
        while frames[-1]["type"] not in kinds:
            frames.append(await self.receive())
        return frames

    async def say(self, content: str, key: str | None = None) -> None:
        """Send a message."""
        await self.send({"type": "message", "content": content, "client_message_id": key})

    async def send(self, frame: Frame) -> None:
        """Send a frame."""
        assert self.connection is not None
        await self.connection.send(json.dumps(frame))

    async def closed(self) -> int | None:
        """The code with which the server closes; 1006 where it just went away."""
        assert self.connection is not None
        try:
            while True:
                await self.receive()
        except websockets.ConnectionClosed:
            return self.connection.close_code

    async def aclose(self) -> None:
        """Close, at the end of an `aclosing`."""
        await self.leave()

    async def leave(self) -> None:
        """Close."""
        if self.connection is not None:
            await self.connection.close()
