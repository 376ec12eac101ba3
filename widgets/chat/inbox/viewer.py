"""A member's open inbox: changed conversations in, frames out.

It watches the room INBOX, which is no conversation's, so that rights, outages of Redis and the
drain are handled as for every viewer.
"""

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from loquent.db.threads import in_database
from widgets.chat.bus import bus
from widgets.chat.events import ClientEvent, MemberPresent
from widgets.chat.inbox.presence import INBOX, MemberPresence, presence_frame
from widgets.chat.protocol import CloseCode, Frame, encode
from widgets.chat.rooms import rooms
from widgets.chat.send_queue import SendQueue
from widgets.services.inbox.rows import InboxState
from widgets.services.open_sockets import watched_organizations

# The supervisor asks each second; a right is read once per this many questions.
ROUNDS = 3


class InboxViewer:
    """The socket of an open inbox. `session_key`: of the browser's admin session."""

    def __init__(
        self,
        *,
        session_key: str,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        self.session_id: UUID | None = None
        self._session_key = session_key
        self.presence = MemberPresence(session_key)
        self._organizations: frozenset[UUID] = frozenset()
        self._queue = SendQueue(send, close, held=True)
        self._round = 0

    async def enter(self) -> bool:
        """Receive changes from now on; return False if the member may see none."""
        found = await in_database(watched_organizations, session_key=self._session_key)
        if found is None:
            return False
        self._organizations = found
        self.session_id = INBOX
        rooms.watch(INBOX, self)
        await bus.subscribe(INBOX)
        return True

    def accepted(self) -> None:
        """After the handshake's response, send the queued frames, including a close."""
        self._queue.release()

    def close(self) -> None:
        """Release everything after the browser has disconnected; a second call does nothing."""
        self._queue.cancel()
        self.presence.leave()
        if self.session_id is not None:
            self.session_id = None
            rooms.unwatch(INBOX, self)
            bus.unsubscribe(INBOX)

    def put(self, frame: Frame) -> None:
        """Queue a frame for the page."""
        self._queue.put(encode(frame))

    def show(self, states: Iterable[InboxState]) -> None:
        """Tell the page which conversations have changed."""
        changed = [
            {
                "id": str(state.id),
                "organization": str(state.organization_id),
                "revision": state.revision,
                "seq": state.seq,
                "handler": state.handler,
                "status": state.status,
                "assignee": str(state.assignee) if state.assignee else None,
                "waiting": state.waiting_since is not None,
            }
            for state in states
            if state.organization_id in self._organizations
        ]
        if changed:
            self.put({"type": "changed", "conversations": changed})

    def may_see(self, organization_id: UUID) -> bool:
        """Return whether the member may see this organization's conversations."""
        return self.session_id is not None and organization_id in self._organizations

    @property
    def is_ending(self) -> bool:
        """Whether the socket is being closed from this side."""
        return self._queue.is_closing

    def deliver(self, event: ClientEvent) -> None:
        """Show who is where; events of conversations reach the page as changes."""
        if isinstance(event, MemberPresent) and UUID(event.organization) in self._organizations:
            self.put(presence_frame(event))

    def deliver_delta(self, message_id: str, reply_id: str, offset: int, text: str) -> None:
        """Do nothing: the page shows finished messages."""

    async def resync(self) -> None:
        """Let the page read everything again: it may have missed changes."""
        self.put({"type": "reload"})

    def resync_soon(self) -> None:
        """Call `resync` now: a page spreads its own requests."""
        self.put({"type": "reload"})

    resync_now = resync_soon

    def end(self, code: int) -> None:
        """Close the socket after the queued frames."""
        self._queue.close(code)

    async def check_right(self) -> None:
        """Close the socket if the member logged out; follow the organizations they belong to."""
        self._round += 1
        if self.session_id is None or self._queue.is_closing or self._round % ROUNDS:
            return
        found = await in_database(watched_organizations, session_key=self._session_key)
        if found is None:
            self.end(CloseCode.FORBIDDEN)
        else:
            self._organizations = found


def inboxes() -> list[InboxViewer]:
    """Return the open inboxes of this process."""
    return [each for each in rooms.listeners_of(INBOX) if isinstance(each, InboxViewer)]
