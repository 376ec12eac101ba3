"""The socket on which staff watch a conversation. It is read-only: what it is sent is dropped."""

import asyncio
import logging
from typing import Any

from loquent.db.threads import in_database
from loquent.errors import ApplicationError
from loquent.server.addresses import scope_key
from widgets.chat.base_consumer import SocketConsumer
from widgets.chat.handshake import is_same_host, staff_session_key
from widgets.chat.protocol import CloseCode
from widgets.chat.staff_viewer import StaffViewer
from widgets.chat.supervisor import supervisor
from widgets.services.chat import load_chat
from widgets.services.rate_limits import take_handshake
from widgets.services.watching import may_watch

logger = logging.getLogger(__name__)
PATIENCE_SECONDS = 3.0
# The page has the messages already.
AFTER_ALL = 2**31 - 1


class StaffConsumer(SocketConsumer):
    """One browser of staff at one conversation."""

    viewer: StaffViewer | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.viewer is not None:
                self.viewer.close()

    async def connect(self) -> None:
        """Check page, session and organization; then tell of what happens from now on."""
        supervisor.start()
        conversation_id = self.scope["url_route"]["kwargs"]["id"]
        # The origin comes first: for other pages nothing else is read.
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
        except Exception as error:  # noqa: BLE001 - refused, the browser would take it for a "no"
            logger.error("A viewer could not be let in: %s", type(error).__name__)  # noqa: TRY400
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
