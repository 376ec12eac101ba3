"""A visitor's socket. I/O only: rules are in the services, frame formats in `protocol`."""

import asyncio
import logging
from typing import Any

from django.conf import settings

from loquent.db.threads import in_database
from loquent.errors import ApplicationError, ErrorCode
from loquent.telemetry import tracing
from loquent.telemetry.correlation import bind_session
from widgets.chat.base_consumer import SocketConsumer
from widgets.chat.client_frames import MessageFrame, PingFrame
from widgets.chat.handlers import handle_frame
from widgets.chat.handshake import is_v2, read_handshake
from widgets.chat.protocol import (
    V2_SUBPROTOCOL,
    CloseCode,
    FrameError,
    is_too_big,
    parse_client_frame,
)
from widgets.chat.rooms import rooms
from widgets.chat.server_frames import INTERNAL_SENTENCE, history_frame, session_frame
from widgets.chat.supervisor import supervisor
from widgets.chat.visitor_socket import SessionSocket
from widgets.services.history import load_chat
from widgets.services.rate_limits import check_sockets, take_frame
from widgets.services.sessions import open_session

logger = logging.getLogger(__name__)
# Tell the visitor after this many seconds without an answer from the database.
PATIENCE_SECONDS = 3.0


class WidgetConsumer(SocketConsumer):
    """One WebSocket of one visitor. Handles one event at a time, so nothing here may be slow."""

    socket: SessionSocket | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Channels does not always call `disconnect`; this always runs.
            if self.socket is not None:
                self.socket.close()

    @tracing.traced("socket opening")
    async def connect(self) -> None:
        """Check the handshake, resume or create the session, show it, and subscribe to it."""
        supervisor.start()
        self.v2 = is_v2(self.scope)
        handshake = read_handshake(self.scope, self.scope["url_route"]["kwargs"]["widget_id"])
        # Sockets stay open for hours; the other headers are not needed again.
        self.scope["headers"].clear()
        self.socket = SessionSocket(
            handshake=handshake,
            v2=self.v2,
            send=self.send,
            close=self.close,
        )
        if supervisor.is_draining:
            await self._accept(self.socket)
            self.socket.end(CloseCode.RESTART)
            return
        try:
            check_sockets(ip=handshake.ip, by_ip=rooms.sockets_by_ip, total=rooms.open_sockets)
            async with asyncio.timeout(PATIENCE_SECONDS):
                opened = await in_database(open_session, handshake=handshake)
                bind_session(opened.session_id)
                await self.socket.enter(opened.session_id, opened.widget_pk)
                chat = await in_database(
                    load_chat,
                    session_id=opened.session_id,
                    last_seq=handshake.last_seq if self.v2 else 0,
                )
        except ApplicationError as error:
            if error.code is ErrorCode.RATE_LIMITED:
                await self._accept_and_end(self.socket, error, CloseCode.TOO_MANY_REQUESTS)
            else:
                await self.close()
            return
        except Exception as error:  # noqa: BLE001 - the browser would treat a refusal as final
            logger.error("A socket could not be opened: %s", type(error).__name__)  # noqa: TRY400
            fault = ApplicationError(ErrorCode.INTERNAL, INTERNAL_SENTENCE, retry_after=5)
            await self._accept_and_end(self.socket, fault, CloseCode.SERVER_FAULT)
            return
        await self._accept(self.socket)
        self.socket.put(
            session_frame(
                v2=self.v2,
                session_token=opened.session_token,
                contact_info_submitted=chat.contact_info_submitted,
                resumed=opened.resumed,
                starters=opened.starters,
                notice=opened.notice,
                contact_card=opened.contact_card,
            ),
            history_frame(
                v2=self.v2,
                messages=chat.messages,
                complete=chat.complete,
                # If the history exceeded the limit of the send queue, no resume would ever succeed.
                room=settings.LIMITS.outbound_bytes * 7 // 8,
            ),
        )
        self.socket.catch_up(chat)

    async def _accept(self, socket: SessionSocket) -> None:
        await self.accept(V2_SUBPROTOCOL if self.v2 else None)
        socket.accepted()

    async def _accept_and_end(
        self, socket: SessionSocket, error: ApplicationError, code: CloseCode
    ) -> None:
        await self._accept(socket)
        socket.put_error(error)
        socket.end(code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Handle one frame; an invalid one causes one error at most."""
        socket = self.socket
        if socket is None or socket.session_id is None or socket.is_ending:
            return
        bind_session(socket.session_id)
        raw = text_data if text_data is not None else bytes_data
        if is_too_big(raw, settings.LIMITS.frame_bytes):
            socket.end(CloseCode.TOO_BIG)
            return
        client_message_id = None
        try:
            take_frame(
                socket_key=socket.name, session_key=socket.session_id.hex, ip=socket.handshake.ip
            )
        except ApplicationError as error:
            socket.put_error(error)
            socket.end(CloseCode.TOO_MANY_REQUESTS)
            return
        try:
            frame = parse_client_frame(raw, v2=self.v2, message_chars=settings.LIMITS.message_chars)
            if isinstance(frame, MessageFrame):
                client_message_id = frame.client_message_id
            if not isinstance(frame, PingFrame):
                socket.touch()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await handle_frame(frame, socket=socket, session_id=socket.session_id)
        except FrameError as error:
            socket.refuse(error)
        except ApplicationError as error:
            socket.put_error(error, client_message_id)
        except Exception as error:  # noqa: BLE001 - the socket lives on; the text may hold content
            logger.error("A frame failed: %s", type(error).__name__)  # noqa: TRY400
            fault = ApplicationError(ErrorCode.INTERNAL, INTERNAL_SENTENCE, retry_after=5)
            socket.put_error(fault, client_message_id)
