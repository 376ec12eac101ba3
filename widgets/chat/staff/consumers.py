"""The sockets of staff: one watches a conversation, the other the whole inbox."""

import asyncio
import logging
import uuid
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from loquent.db.threads import in_database
from loquent.errors import ApplicationError
from loquent.server.addresses import scope_key
from widgets.chat.base_consumer import SocketConsumer
from widgets.chat.bus import bus
from widgets.chat.events import MemberPresent, SessionReplaced, StaffTyping
from widgets.chat.handshake import is_same_host, staff_session_key
from widgets.chat.inbox.presence import MemberPresence, presence_frame
from widgets.chat.inbox.viewer import InboxViewer
from widgets.chat.protocol import CloseCode
from widgets.chat.rooms import rooms
from widgets.chat.staff.follower import AFTER_ALL, Follower, StaffClientState
from widgets.chat.subscriber import Subscriber
from widgets.chat.supervisor import supervisor
from widgets.services.history import LoadedChat, load_chat
from widgets.services.open_sockets import may_watch
from widgets.services.rate_limits import take_handshake
from widgets.team_types import ConversationState

logger = logging.getLogger(__name__)
PATIENCE_SECONDS = 3.0


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
        self.presence = MemberPresence(session_key)

    async def enter(self, session_id: uuid.UUID) -> None:
        """Watch the conversation; events are queued from now on."""
        self.session_id = session_id
        rooms.watch(session_id, self)
        await bus.subscribe(session_id)

    def close(self) -> None:
        """Release everything after the browser has disconnected; a second call does nothing."""
        self._queue.cancel()
        self.presence.leave()
        if self.session_id is not None:
            rooms.unwatch(self.session_id, self)
            bus.unsubscribe(self.session_id)
            self.session_id = None

    async def may_watch(self, conversation_id: uuid.UUID) -> bool:
        """Return whether the member may watch a conversation."""
        return await in_database(
            may_watch, session_key=self._session_key, conversation_id=conversation_id
        )

    async def check_right(self) -> None:
        """Close the socket if they logged out, left the organization, or it was deleted."""
        if self.session_id is None or self.is_ending:
            return
        if not await self.may_watch(self.session_id):
            self.end(CloseCode.FORBIDDEN)

    def _conversation_changed(self, state: ConversationState) -> None:
        """Do nothing: the frame is the visitor's."""

    def _staff_acts(self, event: StaffTyping | MemberPresent) -> None:
        if isinstance(event, MemberPresent):
            self.put(presence_frame(event))

    def _replaced(self, event: SessionReplaced) -> None:
        # Only the id: the event contains the visitor's token.
        self.put({"type": "replaced", "conversation": event.session_id})


Viewer = TypeVar("Viewer", StaffViewer, InboxViewer)


class WatchingConsumer(SocketConsumer, Generic[Viewer]):
    """The WebSocket of one staff browser, which tells only where its member is."""

    viewer: Viewer | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.viewer is not None:
                self.viewer.close()

    @abstractmethod
    def make_viewer(self, session_key: str) -> Viewer:
        """Return the viewer of a browser with this admin session."""

    @abstractmethod
    async def enter(self, viewer: Viewer) -> bool:
        """Check the member's right and subscribe; return False if they have none."""

    @abstractmethod
    def opened(self, viewer: Viewer) -> None:
        """Send the first frames."""

    async def moved(self, viewer: Viewer) -> None:
        """Handle that the page may show another conversation."""

    async def connect(self) -> None:
        """Check page, login and organization, then subscribe."""
        supervisor.start()
        # Check the origin first: for other pages nothing else is read.
        session_key = staff_session_key(self.scope) if is_same_host(self.scope) else ""
        if not session_key:
            await self.close()
            return
        viewer = self.make_viewer(session_key)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await in_database(take_handshake, ip=scope_key(self.scope))
                self.viewer = viewer
                if not await self.enter(viewer):
                    await self.close()
                    return
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
        self.opened(viewer)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Handle a frame of the page; it concerns only colleagues and the visitor."""
        if self.viewer is None or self.viewer.session_id is None or self.viewer.is_ending:
            return
        try:
            await self.viewer.presence.receive(text_data)
            await self.moved(self.viewer)
        except Exception as error:  # noqa: BLE001 - said again in a moment
            logger.warning("A member's presence could not be noted: %s", type(error).__name__)

    async def _accept(self, viewer: Viewer) -> None:
        await self.accept()
        viewer.accepted()


class StaffConsumer(WatchingConsumer[StaffViewer]):
    """Watches one conversation, word by word."""

    _chat: LoadedChat | None = None

    def make_viewer(self, session_key: str) -> StaffViewer:
        return StaffViewer(session_key=session_key, send=self.send, close=self.close)

    async def enter(self, viewer: StaffViewer) -> bool:
        conversation_id = self.scope["url_route"]["kwargs"]["id"]
        if not await viewer.may_watch(conversation_id):
            return False
        await viewer.enter(conversation_id)
        self._chat = await in_database(load_chat, session_id=conversation_id, last_seq=AFTER_ALL)
        return True

    def opened(self, viewer: StaffViewer) -> None:
        if self._chat is not None:
            viewer.catch_up(self._chat)
            self._chat = None


class InboxConsumer(WatchingConsumer[InboxViewer]):
    """Watches the inbox: every conversation of the member's organizations."""

    _follower: Follower | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stop_following()

    def make_viewer(self, session_key: str) -> InboxViewer:
        return InboxViewer(session_key=session_key, send=self.send, close=self.close)

    async def enter(self, viewer: InboxViewer) -> bool:
        return await viewer.enter()

    def opened(self, viewer: InboxViewer) -> None:
        """Send nothing more: the page has its list from the server."""

    async def moved(self, viewer: InboxViewer) -> None:
        """Follow the answer being written in the conversation that the page shows."""
        at = viewer.presence.at
        shown = self._follower.session_id if self._follower is not None else None
        if shown == (at and at.conversation_id):
            return
        self._stop_following()
        if at is not None:
            self._follower = Follower(viewer, organization_id=at.organization_id)
            try:
                await self._follower.start(at.conversation_id)
            except Exception:
                self._stop_following()
                raise

    def _stop_following(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None
