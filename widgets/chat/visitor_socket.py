"""A visitor's socket: its handshake, its limits, and the session that it subscribes to."""

import uuid
from collections.abc import Awaitable, Callable
from time import monotonic

from django.conf import settings

from loquent.agents.types import VisitorPage
from loquent.errors import ApplicationError, ErrorCode
from widgets.chat.bus import bus
from widgets.chat.client_state import ClientState
from widgets.chat.events import MemberPresent, SessionReplaced, StaffTyping
from widgets.chat.protocol import CloseCode, FrameError
from widgets.chat.rooms import rooms
from widgets.chat.server_frames import (
    conversation_frame,
    error_frame,
    session_frame,
    staff_typing_frame,
)
from widgets.chat.subscriber import Subscriber
from widgets.services.open_sockets import WidgetState
from widgets.services.refusals import count_refusal
from widgets.services.validate_origin import is_request_allowed
from widgets.team_types import ConversationState, Handler, WorkStatus
from widgets.types import Handshake, MessageData

BAD_FRAME_CODES = frozenset({ErrorCode.INVALID_FRAME, ErrorCode.UNSUPPORTED_FRAME})


class SessionSocket(Subscriber):
    """A visitor's socket in its session's room."""

    def __init__(
        self,
        *,
        handshake: Handshake,
        v2: bool,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        super().__init__(state=ClientState(v2=v2, name=uuid.uuid4().hex), send=send, close=close)
        self.handshake = handshake
        self.last_activity = monotonic()
        self.widget_pk: uuid.UUID | None = None
        # The visitor's page in this tab, if the browser has sent one.
        self.page: VisitorPage | None = None
        self._is_closed = False
        self._bad_frames = 0
        rooms.count_socket(handshake.ip)

    async def enter(self, session_id: uuid.UUID, widget_pk: uuid.UUID) -> None:
        """Join the session's room and subscribe; events are queued from now on."""
        self.session_id, self.widget_pk = session_id, widget_pk
        rooms.join(session_id, self)
        limit = settings.LIMITS.sockets_per_session
        if settings.RATE_LIMITS and limit:
            for oldest in rooms.sockets_of(session_id)[:-limit]:
                oldest.end(CloseCode.TOO_MANY_SOCKETS)
        await bus.subscribe(session_id)

    def mark_sent(self, message: MessageData) -> None:
        """Record that the visitor sent the message through this socket."""
        self._state.mark_sent(message.id, message.seq)

    def mark_requested(self, message_id: str) -> None:
        """Record that this socket requested another answer to the visitor's message."""
        self._state.mark_requested(message_id)

    def touch(self) -> None:
        """Record activity of the visitor: the socket is not idle."""
        self.last_activity = monotonic()

    def put_error(self, error: ApplicationError, client_message_id: str | None = None) -> None:
        """Queue an error frame, and count the refusal if a limit caused it."""
        count_refusal(widget_id=self.handshake.request.widget_id, limit=error.limit)
        self.put(
            error_frame(
                v2=self.v2,
                code=error.code,
                message=error.message,
                retry_after=error.retry_after,
                client_message_id=client_message_id,
            )
        )

    def refuse(self, error: FrameError) -> None:
        """Queue a bad frame's error; the tenth such frame ends the socket."""
        self.put_error(ApplicationError(error.code, error.message), error.client_message_id)
        if error.code in BAD_FRAME_CODES:
            self._bad_frames += 1
        if 0 < settings.LIMITS.bad_frames <= self._bad_frames:
            self.end(CloseCode.BAD_FRAMES)

    def close(self) -> None:
        """Release everything after the client has disconnected; a second call does nothing."""
        self._queue.cancel()
        if self._is_closed:
            return
        self._is_closed = True
        rooms.uncount_socket(self.handshake.ip)
        if self.session_id is not None:
            rooms.leave(self.session_id, self)
            bus.unsubscribe(self.session_id)
            self.session_id = None

    def check_widget(self, state: WidgetState | None) -> int | None:
        """Return the close code for the widget's state; None to keep the socket open."""
        if state is None or state["widget_id"] != self.handshake.request.widget_id:
            return CloseCode.GONE
        fits = state["enabled"] and is_request_allowed(
            allowed=state["allowed_origins"],
            origins=self.handshake.request.origins,
            fetch_site=self.handshake.request.fetch_site,
        )
        return None if fits else CloseCode.FORBIDDEN

    def _conversation_changed(self, state: ConversationState) -> None:
        if self.v2:
            self.put(conversation_frame(state))

    def _staff_acts(self, event: StaffTyping | MemberPresent) -> None:
        if self.v2 and isinstance(event, StaffTyping):
            self.put(staff_typing_frame(name=event.name, on=event.on))

    def _replaced(self, event: SessionReplaced) -> None:
        if self.session_id is None:
            return
        old, new = self.session_id, uuid.UUID(event.session_id)
        rooms.leave(old, self)
        rooms.join(new, self)
        self.session_id = new
        bus.unsubscribe(old)
        self._in_background(bus.subscribe(new))
        self.put(
            *self._state.leave_turns(),
            session_frame(
                v2=self.v2,
                session_token=event.session_token,
                contact_info_submitted=event.contact_info_submitted,
                resumed=False,
                starters=event.starters,
                notice=event.notice,
                contact_card=event.contact_card,
            ),
        )
        self._conversation = None
        self._show_conversation(
            ConversationState(
                handler=Handler.AGENT.value,
                status=WorkStatus.OPEN.value,
                back_at=event.back_at,
                is_offered=event.is_person_offered,
            )
        )
