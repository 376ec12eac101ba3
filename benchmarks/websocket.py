"""A WebSocket client of a hundred lines: what is measured is the server, not the client."""

import asyncio
import struct
from abc import ABC, abstractmethod
from typing import cast

GUARD = "dGhlIHNhbXBsZSBub25jZQ=="
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
# A mask of zeros leaves the payload as it is; the server can't tell.
MASK = b"\0\0\0\0"
MAX_SHORT = 126


def handshake(*, port: int, path: str, headers: str = "") -> bytes:
    """The request that opens a socket; `headers` are whole lines."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {GUARD}\r\nSec-WebSocket-Version: 13\r\n"
        f"{headers}\r\n"
    ).encode()


def frame(payload: bytes, kind: int = TEXT) -> bytes:
    """One frame from a client."""
    size = len(payload)
    if size < MAX_SHORT:
        head = bytes((kind, 0x80 | size))
    else:
        head = struct.pack("!BBH", kind, 0x80 | MAX_SHORT, size)
    return head + MASK + payload


class WebSocketClient(asyncio.Protocol, ABC):
    """A socket. A subclass says what happens when text comes, and when the socket is gone."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received = b""
        self._is_open = False
        self._transport: asyncio.Transport | None = None

    @abstractmethod
    def text_received(self, payload: bytes) -> None:
        """A text message came."""

    @abstractmethod
    def lost(self, reason: str) -> None:
        """The socket is gone, or was never opened."""

    def say(self, payload: bytes) -> None:
        """Send a text message; to nobody where the socket is gone."""
        if self._transport is not None:
            self._transport.write(frame(payload))

    def leave(self) -> None:
        """Close the socket as a browser does; nothing is heard of it any more."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.write(frame(struct.pack("!H", 1000), CLOSE))
            transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._transport = None
            self.lost(f"the connection ended ({exc})")

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
            self._received = b""
        if not self._is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._received = head
                return
            if b" 101 " not in head[:16]:
                self._give_up(f"the handshake was refused: {head[:120]!r}")
                return
            self._is_open = True
        self._read_frames(data)

    def _read_frames(self, data: bytes) -> None:
        position, size = 0, len(data)
        while size - position >= 2 and self._transport is not None:
            kind, length = data[position], data[position + 1]
            start = position + 2
            if length >= MAX_SHORT:
                width = 2 if length == MAX_SHORT else 8
                length = int.from_bytes(data[start : start + width])
                start += width
            end = start + length
            if size < end or size < start:
                break
            if kind == TEXT:
                self.text_received(data[start:end])
            else:
                self._read_control(kind, data[start:end])
            position = end
        self._received = data[position:]

    def _read_control(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            if self._transport is not None:
                self._transport.write(frame(payload, PONG))
        elif kind == CLOSE:
            code = int.from_bytes(payload[:2])
            self._give_up(f"the server closed with {code} {payload[2:].decode(errors='replace')}")
        elif kind != PONG:
            self._give_up(f"a frame of the kind {kind:#x} came")

    def _give_up(self, reason: str) -> None:
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.close()
            self.lost(reason)
