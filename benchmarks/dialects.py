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
    """One server's protocol. One is shared by all sockets of a run."""

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
