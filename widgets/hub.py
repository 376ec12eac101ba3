"""Who is connected to this process: sockets by session, and how events reach them.

Sockets of this process hear an event directly; other processes hear it over the link.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from widgets.events import Event
from widgets.link import link
from widgets.services.revocation import WidgetState


class Listener(Protocol):
    """What the hub and the supervisor need of a socket. None of these waits."""

    session_id: uuid.UUID | None
    widget_pk: uuid.UUID | None
    last_activity: float

    def deliver(self, event: Event) -> None:
        """Tell the client of an event of its session."""

    def deliver_delta(self, message_id: str, reply_id: str, offset: int, text: str) -> None:
        """Tell the client of a piece of an answer, if it follows it."""

    def check_widget(self, state: WidgetState | None) -> int | None:
        """The code to close with, now that the widget is so; None: go on."""

    async def resync(self) -> None:
        """Show what the database has and the socket was not told; the one that does wait."""

    def resync_soon(self) -> None:
        """`resync`, in a moment."""

    def end(self, code: int) -> None:
        """Close the socket behind what is queued."""


class Room:
    """The sockets of one session in this process; `lock` keeps commits and events in one order."""

    def __init__(self) -> None:
        self.sockets: list[Listener] = []
        self.lock = asyncio.Lock()
        self.users = 0


class Hub:
    """All rooms of this process."""

    def __init__(self) -> None:
        self._rooms: dict[uuid.UUID, Room] = {}
        self.sockets_by_ip: Counter[str] = Counter()

    def join(self, session_id: uuid.UUID, socket: Listener) -> None:
        """Add a socket to its session's room."""
        self._rooms.setdefault(session_id, Room()).sockets.append(socket)

    def leave(self, session_id: uuid.UUID, socket: Listener) -> None:
        """Take a socket out; a second time does nothing."""
        room = self._rooms.get(session_id)
        if room is not None and socket in room.sockets:
            room.sockets.remove(socket)
            self._tidy(session_id, room)

    def sockets(self) -> list[Listener]:
        """Every socket of this process that is in a session."""
        return [socket for room in self._rooms.values() for socket in room.sockets]

    def sockets_of(self, session_id: uuid.UUID) -> list[Listener]:
        """The sockets of a session, oldest first."""
        room = self._rooms.get(session_id)
        return list(room.sockets) if room else []

    @asynccontextmanager
    async def in_order(self, session_id: uuid.UUID) -> AsyncIterator[None]:
        """Commit and publish inside: then events of a session go out in the order of their rows."""
        room = self._rooms.setdefault(session_id, Room())
        room.users += 1
        try:
            async with room.lock:
                yield
        finally:
            room.users -= 1
            self._tidy(session_id, room)

    def tell(self, session_id: uuid.UUID, event: Event) -> None:
        """Deliver an event to the session's sockets in this process."""
        for socket in self.sockets_of(session_id):
            socket.deliver(event)

    async def publish(self, session_id: uuid.UUID, event: Event) -> None:
        """Deliver an event to the session's sockets, here and in other processes."""
        self.tell(session_id, event)
        await link.send(session_id, event)

    def _tidy(self, session_id: uuid.UUID, room: Room) -> None:
        if not room.sockets and not room.users:
            self._rooms.pop(session_id, None)


hub = Hub()
