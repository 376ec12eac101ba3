"""The socket on which staff watch a conversation. Frames from the client are ignored."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from loquent.db.threads import in_database
from loquent.errors import ApplicationError
from loquent.server.addresses import scope_key
from widgets.chat.base_consumer import SocketConsumer
from widgets.chat.bus import bus
from widgets.chat.client_state import ClientState
from widgets.chat.events import SessionReplaced
from widgets.chat.handshake import is_same_host, staff_session_key
from widgets.chat.protocol import CloseCode
from widgets.chat.rooms import rooms
from widgets.chat.subscriber import Subscriber
from widgets.chat.supervisor import supervisor
from widgets.services.history import load_chat
from widgets.services.open_sockets import may_watch
from widgets.services.rate_limits import take_handshake
from widgets.team_types import ConversationState

logger = logging.getLogger(__name__)
PATIENCE_SECONDS = 3.0
# The page has the messages already.
AFTER_ALL = 2**31 - 1


class StaffClientState(ClientState):
    """The state of a viewer, who receives every answer word by word."""

    def is_live(self, message_id: str, reply_id: str) -> bool:
        return True


class StaffViewer(Subscriber):
    """A staff socket in its conversation's room. `session_key`: of the browser's admin session."""

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
        """Release everything after the browser has disconnected; a second call does nothing."""
        self._queue.cancel()
        if self.session_id is not None:
            rooms.unwatch(self.session_id, self)
            bus.unsubscribe(self.session_id)
            self.session_id = None

    async def check_right(self) -> None:
        """Close the socket if they logged out, left the organization, or it was deleted."""
        if self.session_id is None or self.is_ending:
            return
        allowed = await in_database(
            may_watch, session_key=self._session_key, conversation_id=self.session_id
        )
        if not allowed:
            self.end(CloseCode.FORBIDDEN)

    def _conversation_changed(self, state: ConversationState) -> None:
        """Do nothing: the frame is the visitor's."""

    def _replaced(self, event: SessionReplaced) -> None:
        # Only the id: the event contains the visitor's token.
        self.put({"type": "replaced", "conversation": event.session_id})


class StaffConsumer(SocketConsumer):
    """The WebSocket of one staff browser that watches one conversation."""

    viewer: StaffViewer | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.viewer is not None:
                self.viewer.close()

    async def connect(self) -> None:
        """Check page, login and organization, then subscribe to the conversation."""
        supervisor.start()
        conversation_id = self.scope["url_route"]["kwargs"]["id"]
        # Check the origin first: for other pages nothing else is read.
        session_key = staff_session_key(self.scope) if is_same_host(self.scope) else ""
        if not session_key:
            await self.close()
            return
        viewer = StaffViewer(session_key=session_key, send=self.send, close=self.close)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await in_database(take_handshake, ip=scope_key(self.scope))
                if not await in_database(
                    may_watch, session_key=session_key, conversation_id=conversation_id
                ):
                    await self.close()
                    return
                self.viewer = viewer
                await viewer.enter(conversation_id)
                chat = await in_database(load_chat, session_id=conversation_id, last_seq=AFTER_ALL)
        except ApplicationError:
            await self._accept(viewer)
            viewer.end(CloseCode.TOO_MANY_REQUESTS)
            return
        except Exception as error:  # noqa: BLE001 - the browser would treat a refusal as final
            logger.error("A viewer could not be admitted: %s", type(error).__name__)  # noqa: TRY400
            await self._accept(viewer)
            viewer.end(CloseCode.SERVER_FAULT)
            return
        await self._accept(viewer)
        if supervisor.is_draining:
            viewer.end(CloseCode.RESTART)
            return
        viewer.put({"type": "live"})
        viewer.catch_up(chat)

    async def _accept(self, viewer: StaffViewer) -> None:
        await self.accept()
        viewer.accepted()
