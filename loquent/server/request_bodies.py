"""Limit request bodies: their size, their rate, and the memory they occupy together.

Django reads a whole body before it resolves the address, so this happens before Django.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from loquent.errors import ErrorCode
from loquent.server.edge_answers import Refusal
from loquent.server.large_bodies import Scope, has_credentials, is_for_large_bodies

KIB, MIB = 1024, 1024 * 1024
# The limit for all addresses.
SMALL_BYTES = 64 * KIB
# A body is passed on in slices, so that this copy shrinks while Django's copy grows.
SLICE_BYTES = 64 * KIB
# Views read no body for these methods.
METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
RETRY_AFTER_SECONDS = 5


class RefusedError(Exception):
    """The request is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class DisconnectedError(Exception):
    """The client went away before its body was complete."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The limits per process.

    Large bodies have a separate share of the memory, so that they cannot block logins. A body must
    deliver `progress_bytes` within every `progress_seconds`, or end: 8 KiB/s. An average since the
    start would let a client send much at first and then stall for an hour.
    """

    small_total: int = 16 * MIB
    large_total: int = 48 * MIB
    progress_bytes: int = 80 * KIB
    progress_seconds: float = 10.0


@dataclass(slots=True)
class _Share:
    """A share of the memory for bodies."""

    total: int
    used: int = 0

    def check(self, size: int) -> None:
        """Raise RefusedError unless this many more bytes fit."""
        if self.used + size > self.total:
            raise RefusedError(
                Refusal(
                    503,
                    ErrorCode.UNAVAILABLE,
                    "The server is receiving too much at once. Please try again in a few seconds.",
                    reason="body_memory",
                    retry_after=RETRY_AFTER_SECONDS,
                )
            )

    def take(self, size: int) -> None:
        self.check(size)
        self.used += size


class BodyMemory:
    """The memory used by all bodies of a process."""

    def __init__(self, limits: BodyLimits) -> None:
        self.limits = limits
        self.small = _Share(limits.small_total)
        self.large = _Share(limits.large_total)


@dataclass(slots=True)
class Body:
    """The body of one request, counted until `free`."""

    memory: BodyMemory
    # The number of bytes received.
    size: int = 0
    is_large: bool = False
    is_started: bool = False
    is_complete: bool = False
    _content: bytearray = field(default_factory=bytearray)
    _held: int = 0
    _is_passed_on: bool = False

    async def read(self, scope: Scope, receive: Any) -> None:
        """Receive the body to its end.

        Raises RefusedError if it is too large or too slow, or if there is no memory for it, and
        DisconnectedError. A declared length is checked before anything is received, so that a
        client waiting for `100 Continue` sends nothing.
        """
        limit = SMALL_BYTES
        declared = _content_length(scope)
        if declared > limit:
            limit = self._become_large(scope, declared)
        is_kept = scope["method"] not in METHODS_WITHOUT_BODY
        limits = self.memory.limits
        loop = asyncio.get_running_loop()
        deadline, progress = loop.time() + limits.progress_seconds, 0
        self.is_started = True
        while True:
            event = await _next_event(receive, deadline)
            piece: bytes = event.get("body", b"")
            self.is_complete = not event.get("more_body", False)
            self.size += len(piece)
            if self.size > limit:
                limit = self._become_large(scope, self.size)
            if piece and is_kept:
                self._keep(piece)
            if self.is_complete:
                return
            progress += len(piece)
            if progress >= limits.progress_bytes:
                deadline, progress = loop.time() + limits.progress_seconds, 0

    async def replay(self, receive: Any) -> dict[str, Any]:
        """Pass the body to the application as a server does, then the server's own messages."""
        if self._is_passed_on:
            event: dict[str, Any] = await receive()
            return event
        piece = bytes(self._content[:SLICE_BYTES])
        del self._content[:SLICE_BYTES]
        self._is_passed_on = not self._content
        return {"type": "http.request", "body": piece, "more_body": not self._is_passed_on}

    def free(self) -> None:
        """Release the content, and stop counting it."""
        share = self.memory.large if self.is_large else self.memory.small
        share.used -= self._held
        self._held = 0
        self._content.clear()

    def _keep(self, piece: bytes) -> None:
        (self.memory.large if self.is_large else self.memory.small).take(len(piece))
        self._held += len(piece)
        self._content += piece

    def _become_large(self, scope: Scope, size: int) -> int:
        """Return the limit of a large body; raise RefusedError if this request may not have one."""
        small, large = SMALL_BYTES // KIB, settings.DATA_UPLOAD_MAX_MEMORY_SIZE // MIB
        if not is_for_large_bodies(scope):
            raise _too_large(f"The body is larger than {small} KiB, the limit at this address.")
        if not has_credentials(scope):
            raise _too_large(
                f"The body is larger than {small} KiB. Log in, or send an API key, to send up to "
                f"{large} MiB."
            )
        if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise _too_large(f"The body is larger than {large} MiB.")
        if not self.is_large:
            # The declared length must fit, so that a body is refused before it is sent.
            self.memory.large.check(size)
            self.memory.large.used += self._held
            self.memory.small.used -= self._held
            self.is_large = True
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


async def _next_event(receive: Any, deadline: float) -> dict[str, Any]:
    try:
        async with asyncio.timeout_at(deadline):
            event: dict[str, Any] = await receive()
    except TimeoutError:
        raise RefusedError(
            Refusal(
                408,
                ErrorCode.REQUEST_TIMEOUT,
                "The request arrived too slowly. Please try again.",
                reason="body_too_slow",
            )
        ) from None
    if event["type"] == "http.disconnect":
        raise DisconnectedError
    return event


def _too_large(message: str) -> RefusedError:
    return RefusedError(Refusal(413, ErrorCode.BODY_TOO_LARGE, message, reason="body_too_large"))


def _content_length(scope: Scope) -> int:
    """Return the declared length; 0 if it is missing or invalid."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            # A number with this many digits is too large, whatever its value.
            return int(value[:20])
    return 0
