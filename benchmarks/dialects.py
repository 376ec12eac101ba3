"""What a server's visitors say and hear."""

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from benchmarks.answer import QUESTION

# A frame's type stands in its first bytes.
HEAD = 40


class Heard(IntEnum):
    """What a frame means to a visitor."""

    OTHER = 0
    READY = 1
    WORDS = 2
    END = 3
    FAILURE = 4


class Dialect(Protocol):
    """One server's protocol. It keeps nothing: a dialect is shared by all sockets."""

    def path(self, number: int) -> str:
        """Where the visitor of this number connects."""

    def headers(self, number: int) -> str:
        """More lines of the handshake."""

    def question(self, number: int) -> bytes:
        """A message; the number is another each time."""

    def hear(self, frame: bytes, say: Callable[[bytes], None]) -> Heard:
        """What a frame means; what has to be answered to it is said."""


class PlainDialect:
    """That of the servers that are made for comparison: JSON with a type."""

    def path(self, number: int) -> str:
        return "/ws/chat/"

    def headers(self, number: int) -> str:
        return ""

    def question(self, number: int) -> bytes:
        return json.dumps({"type": "message", "content": QUESTION}).encode()

    def hear(self, frame: bytes, say: Callable[[bytes], None]) -> Heard:
        head = frame[:HEAD]
        if b'"delta"' in head:
            return Heard.WORDS
        if b'"message"' in head:
            return Heard.END
        if b'"welcome"' in head:
            return Heard.READY
        return Heard.FAILURE


class LoquentDialect:
    """Ours, version 2: a page, and messages that carry an id."""

    def __init__(self, widget_ids: list[str], *, origin: str, run: str) -> None:
        """`run`: other for each run, as ids may not come twice."""
        self._widget_ids = widget_ids
        self._headers = f"Origin: {origin}\r\nSec-WebSocket-Protocol: loquent.v2\r\n"
        self._page = json.dumps({"type": "page", "url": f"{origin}/bags", "title": "Bags"}).encode()
        self._run = run

    def path(self, number: int) -> str:
        return f"/api/widget/{self._widget_ids[number % len(self._widget_ids)]}/ws"

    def headers(self, number: int) -> str:
        return self._headers

    def question(self, number: int) -> bytes:
        identifier = f"c_{self._run}_{number}"
        frame = {"type": "message", "content": QUESTION, "client_message_id": identifier}
        return json.dumps(frame).encode()

    def hear(self, frame: bytes, say: Callable[[bytes], None]) -> Heard:
        head = frame[:HEAD]
        if b'"delta"' in head:
            return Heard.WORDS
        if b'"typing_stop"' in head:
            return Heard.END
        if b'"session"' in head:
            say(self._page)
            return Heard.READY
        return Heard.FAILURE if b'"error"' in head else Heard.OTHER
