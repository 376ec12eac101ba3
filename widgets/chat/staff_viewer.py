"""A member of staff who watches a conversation: hears what its sockets hear, and says nothing."""

import uuid
from collections.abc import Awaitable, Callable

from loquent.db.threads import in_database
from widgets.chat.bus import bus
from widgets.chat.client_state import ClientState
from widgets.chat.events import SessionReplaced
from widgets.chat.protocol import CloseCode
from widgets.chat.rooms import rooms
from widgets.chat.subscriber import Subscriber
from widgets.services.watching import may_watch


class StaffClientState(ClientState):
    """The state of a viewer, who gets every answer word by word."""

    def is_live(self, message_id: str, reply_id: str) -> bool:
        return True


class StaffViewer(Subscriber):
    """One socket of staff. `session_key` is the browser's, by which they are signed in."""

    def __init__(
        self,
        *,
        session_key: str,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        state = StaffClientState(v2=True, name=uuid.uuid4().hex)
        super().__init__(state=state, send=send, close=close)
        self._session_key = session_key

    async def enter(self, session_id: uuid.UUID) -> None:
        """Watch the conversation; events are queued from now on."""
        self.session_id = session_id
        rooms.watch(session_id, self)
        await bus.subscribe(session_id)

    def close(self) -> None:
        """Release everything after the browser has left; a second time does nothing."""
        self._queue.cancel()
        if self.session_id is not None:
            rooms.unwatch(self.session_id, self)
            bus.unsubscribe(self.session_id)
            self.session_id = None

    async def check_right(self) -> None:
        """End where they signed out, left the organization, or the conversation is gone."""
        if self.session_id is None or self.is_ending:
            return
        allowed = await in_database(
            may_watch, session_key=self._session_key, conversation_id=self.session_id
        )
        if not allowed:
            self.end(CloseCode.FORBIDDEN)

    def _replaced(self, event: SessionReplaced) -> None:
        # Nothing of the new conversation but where it is: the event holds the visitor's token.
        self.put({"type": "replaced", "conversation": event.session_id})
