"""The sockets and viewers of this process by session, and the delivery of events to them.

Sockets of this process receive an event directly, other processes over the bus.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from loquent.server.addresses import wider_key
from widgets.chat.bus import bus
from widgets.chat.events import ClientEvent
from widgets.services.open_sockets import WidgetState


class Listener(Protocol):
    """Receives the events of a session. Only `resync` waits."""

    session_id: uuid.UUID | None

    def deliver(self, event: ClientEvent) -> None:
        """Send the client an event of its session."""

    def deliver_delta(self, message_id: str, reply_id: str, offset: int, text: str) -> None:
        """Send the client a piece of an answer, if it follows the answer."""

    async def resync(self) -> None:
        """Send the client what it has missed, from the database."""

    def resync_soon(self) -> None:
        """Call `resync` shortly."""

    def resync_now(self) -> None:
        """`resync`, at once, without waiting for it."""

    def end(self, code: int) -> None:
        """Close the socket behind what is queued."""


class VisitorListener(Listener, Protocol):
    """A visitor's socket, as the supervisor sees it."""

    widget_pk: uuid.UUID | None
    last_activity: float

    @property
    def awaits_person(self) -> bool:
        """Whether the team or a person has the conversation: the socket is never idle."""

    def check_widget(self, state: WidgetState | None) -> int | None:
        """Return the close code for the widget's state; None to keep the socket open."""


class StaffListener(Listener, Protocol):
    """A staff member who watches a session."""

    async def check_right(self) -> None:
        """Close the socket if the right to watch has ended."""


class Room:
    """The sockets of one session in this process; `lock` keeps commits and events in one order.

    `viewers` are staff: they receive the same events, and don't count towards socket limits.
    """

    def __init__(self) -> None:
        self.sockets: list[VisitorListener] = []
        self.viewers: list[StaffListener] = []
        self.lock = asyncio.Lock()
        self.users = 0


class Rooms:
    """All rooms of this process."""

    def __init__(self) -> None:
        self._rooms: dict[uuid.UUID, Room] = {}
        self.sockets_by_ip: Counter[str] = Counter()
        self.open_sockets = 0
        self._observer: Callable[[uuid.UUID], None] | None = None

    def observe(self, observer: Callable[[uuid.UUID], None]) -> None:
        """Call this with the session of each event that begins in this process."""
        self._observer = observer

    def count_socket(self, ip: str) -> None:
        """Count an open socket of an address and, for IPv6, of the wider network around it."""
        self.open_sockets += 1
        for key in (ip, wider_key(ip)):
            if key is not None:
                self.sockets_by_ip[key] += 1

    def uncount_socket(self, ip: str) -> None:
        """Undo `count_socket`."""
        self.open_sockets -= 1
        for key in (ip, wider_key(ip)):
            if key is None:
                continue
            self.sockets_by_ip[key] -= 1
            if self.sockets_by_ip[key] <= 0:
                del self.sockets_by_ip[key]

    def join(self, session_id: uuid.UUID, socket: VisitorListener) -> None:
        """Add a socket to its session's room."""
        self._rooms.setdefault(session_id, Room()).sockets.append(socket)

    def leave(self, session_id: uuid.UUID, socket: VisitorListener) -> None:
        """Remove a socket; a second call does nothing."""
        room = self._rooms.get(session_id)
        if room is not None and socket in room.sockets:
            room.sockets.remove(socket)
            self._tidy(session_id, room)

    def watch(self, session_id: uuid.UUID, viewer: StaffListener) -> None:
        """Add a staff member who watches a session."""
        self._rooms.setdefault(session_id, Room()).viewers.append(viewer)

    def unwatch(self, session_id: uuid.UUID, viewer: StaffListener) -> None:
        """Undo `watch`; a second call does nothing."""
        room = self._rooms.get(session_id)
        if room is not None and viewer in room.viewers:
            room.viewers.remove(viewer)
            self._tidy(session_id, room)

    def viewers(self) -> list[StaffListener]:
        """Return every viewer of this process."""
        return [viewer for room in self._rooms.values() for viewer in room.viewers]

    def sockets(self) -> list[VisitorListener]:
        """Return every socket of this process that is in a session."""
        return [socket for room in self._rooms.values() for socket in room.sockets]

    def sockets_of(self, session_id: uuid.UUID) -> list[VisitorListener]:
        """Return the sockets of a session, oldest first."""
        room = self._rooms.get(session_id)
        return list(room.sockets) if room else []

    def listeners_of(self, session_id: uuid.UUID) -> list[Listener]:
        """Return the sockets and viewers of a session."""
        room = self._rooms.get(session_id)
        return [*room.sockets, *room.viewers] if room else []

    @asynccontextmanager
    async def in_order(self, session_id: uuid.UUID) -> AsyncIterator[None]:
        """Commit and publish inside, so that events are sent in the order of their rows."""
        room = self._rooms.setdefault(session_id, Room())
        room.users += 1
        try:
            async with room.lock:
                yield
        finally:
            room.users -= 1
            self._tidy(session_id, room)

    def deliver_local(self, session_id: uuid.UUID, event: ClientEvent) -> None:
        """Deliver an event to the session's listeners in this process."""
        for listener in self.listeners_of(session_id):
            listener.deliver(event)

    async def publish(self, session_id: uuid.UUID, event: ClientEvent) -> None:
        """Deliver an event to the session's listeners, here and in other processes."""
        self.deliver_local(session_id, event)
        self._note(session_id)
        await bus.send(session_id, event)

    def publish_soon(self, session_id: uuid.UUID, event: ClientEvent) -> None:
        """`publish`, without waiting until the event is sent to other processes."""
        self.deliver_local(session_id, event)
        self._note(session_id)
        bus.send_soon(session_id, event)

    def _note(self, session_id: uuid.UUID) -> None:
        if self._observer is not None:
            self._observer(session_id)

    def _tidy(self, session_id: uuid.UUID, room: Room) -> None:
        if not room.sockets and not room.viewers and not room.users:
            self._rooms.pop(session_id, None)


rooms = Rooms()
