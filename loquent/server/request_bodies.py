"""Limits on request bodies: their size, their speed, and the memory that all of them use.

Django reads a body to its end before it resolves the address, so this happens before Django.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from loquent.errors import ErrorCode
from loquent.server.addresses import scope_key
from loquent.server.edge_answers import Refusal
from loquent.server.large_bodies import Scope, has_credentials, largest_body

KIB, MIB = 1024, 1024 * 1024
# What any address accepts.
SMALL_BYTES = 64 * KIB
# Slices in which a body is passed on, so that the copy grows while this one shrinks.
SLICE_BYTES = 64 * KIB
# These methods have no body that a view reads.
METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FRAMING_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
RETRY_AFTER_SECONDS = 5


class RefusedError(Exception):
    """The request is refused and not passed on."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class DisconnectedError(Exception):
    """The client disconnected before its body was complete."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The numbers, per process.

    Large bodies have a separate share of the memory, so that they cannot block a login, and no
    address may fill a share by itself.
    A body must send `progress_bytes` in every `progress_seconds`, or its end: 8 KiB/s. An average
    since the beginning would let a client send much at once and then hold it for an hour.
    """

    small_total: int = 16 * MIB
    large_total: int = 48 * MIB
    small_per_client: int = 4 * MIB
    large_per_client: int = 32 * MIB
    progress_bytes: int = 80 * KIB
    progress_seconds: float = 10.0


@dataclass(slots=True)
class _Share:
    """A share of the memory for bodies."""

    total: int
    per_client: int
    used: int = 0
    # Bytes by the key of the client's address.
    clients: Counter[str] = field(default_factory=Counter)

    def check(self, size: int, client: str) -> None:
        """Raise RefusedError unless there is room for this many more bytes of a client."""
        if self.used + size > self.total or self.clients[client] + size > self.per_client:
            raise RefusedError(
                Refusal(
                    503,
                    ErrorCode.UNAVAILABLE,
                    "The server is receiving too much at once. Please try again in a few seconds.",
                    reason="body_memory",
                    retry_after=RETRY_AFTER_SECONDS,
                )
            )

    def take(self, size: int, client: str) -> None:
        self.check(size, client)
        self.used += size
        self.clients[client] += size

    def give_back(self, size: int, client: str) -> None:
        self.used -= size
        self.clients[client] -= size
        if not self.clients[client]:
            del self.clients[client]


class BodyMemory:
    """The memory that all bodies of a process use together."""

    def __init__(self, limits: BodyLimits) -> None:
        self.limits = limits
        self.small = _Share(limits.small_total, limits.small_per_client)
        self.large = _Share(limits.large_total, limits.large_per_client)


@dataclass(slots=True)
class Body:
    """The body of one request, which counts until `free`."""

    memory: BodyMemory
    # Bytes that were received.
    size: int = 0
    is_large: bool = False
    is_started: bool = False
    is_complete: bool = False
    _client: str = ""
    _content: bytearray = field(default_factory=bytearray)
    _held: int = 0
    _is_passed_on: bool = False

    async def read(self, scope: Scope, receive: Any) -> None:
        """Receive the body to its end.

        Raises RefusedError for one that is too large, too slow, or for which there is no memory,
        and DisconnectedError. A declared length is checked before anything is received: a client
        that waits for `100 Continue` then sends nothing at all.
        """
        is_kept = scope["method"] not in METHODS_WITHOUT_BODY
        if is_kept:
            self._client = scope_key(scope)
        limit = SMALL_BYTES
        declared = _content_length(scope)
        if declared > limit:
            limit = self._become_large(scope, declared)
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

    def declare(self, scope: Scope) -> Scope:
        """Return the scope of the complete body, with its exact length as Content-Length.

        Django and the REST framework treat a request without a Content-Length as empty, but
        a chunked body has none.
        """
        headers = [pair for pair in scope["headers"] if pair[0] not in FRAMING_HEADERS]
        if self._held:
            headers.append((b"content-length", str(self._held).encode()))
        return {**scope, "headers": headers}

    async def replay(self, receive: Any) -> dict[str, Any]:
        """Pass the body to the application as the server would; then the server's own messages."""
        if self._is_passed_on:
            event: dict[str, Any] = await receive()
            return event
        piece = bytes(self._content[:SLICE_BYTES])
        del self._content[:SLICE_BYTES]
        self._is_passed_on = not self._content
        return {"type": "http.request", "body": piece, "more_body": not self._is_passed_on}

    def free(self) -> None:
        """Stop counting the body and drop its content."""
        if self._held:
            self._share.give_back(self._held, self._client)
        self._held = 0
        self._content.clear()

    @property
    def _share(self) -> _Share:
        return self.memory.large if self.is_large else self.memory.small

    def _keep(self, piece: bytes) -> None:
        self._share.take(len(piece), self._client)
        self._held += len(piece)
        self._content += piece

    def _become_large(self, scope: Scope, size: int) -> int:
        """Return the limit of a large body; raises RefusedError if this may not be one."""
        most = largest_body(scope)
        small, large = SMALL_BYTES // KIB, most // MIB
        if not most:
            raise _too_large(f"The body is larger than {small} KiB, the limit at this address.")
        if not has_credentials(scope):
            raise _too_large(
                f"The body is larger than {small} KiB. Log in, or send an API key, to send up to "
                f"{large} MiB."
            )
        if size > most:
            raise _too_large(f"The body is larger than {large} MiB.")
        if not self.is_large:
            # The declared length must fit, so that a body is refused before it is sent.
            self.memory.large.check(size, self._client)
            if self._held:
                self.memory.small.give_back(self._held, self._client)
                self.memory.large.take(self._held, self._client)
            self.is_large = True
        return most


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
    """Return the declared length, or 0 if it is missing or invalid."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            # More digits than any length has are still too many bytes.
            return int(value[:20])
    return 0
