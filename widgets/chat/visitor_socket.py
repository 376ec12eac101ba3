"""A visitor's socket: the door it came through, its limits, and the session that it follows."""

import uuid
from collections.abc import Awaitable, Callable
from time import monotonic

from django.conf import settings

from loquent.errors import ApplicationError, ErrorCode
from widgets.chat.bus import link
from widgets.chat.client_state import SessionView
from widgets.chat.events import SessionReplaced
from widgets.chat.protocol import CloseCode, FrameError
from widgets.chat.rooms import hub
from widgets.chat.server_frames import error_frame, session_frame
from widgets.chat.subscriber import Follower
from widgets.services.chat import Doorway
from widgets.services.open_sockets import WidgetState
from widgets.services.refusals import note_refusal
from widgets.services.validate_origin import origin_is_fine
from widgets.types import MessageData
from widgets.visitor_page import Page

BAD_FRAME_CODES = frozenset({ErrorCode.INVALID_FRAME, ErrorCode.UNSUPPORTED_FRAME})


class SessionSocket(Follower):
    """A visitor's socket in its session's room."""

    def __init__(
        self,
        *,
        doorway: Doorway,
        v2: bool,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        super().__init__(view=SessionView(v2=v2, name=uuid.uuid4().hex), send=send, close=close)
        self.doorway = doorway
        self.last_activity = monotonic()
        self.widget_pk: uuid.UUID | None = None
        # Where the visitor is in this tab, as far as its browser has said.
        self.page: Page | None = None
        self._is_gone = False
        self._bad_frames = 0
        hub.count_socket(doorway.ip)

    async def enter(self, session_id: uuid.UUID, widget_pk: uuid.UUID) -> None:
        """Join the session's room and group; events are kept from now on."""
        self.session_id, self.widget_pk = session_id, widget_pk
        hub.join(session_id, self)
        limit = settings.LIMITS.sockets_per_session
        if settings.RATE_LIMITS and limit:
            for oldest in hub.sockets_of(session_id)[:-limit]:
                oldest.end(CloseCode.TOO_MANY_SOCKETS)
        await link.follow(session_id)

    def began(self, message: MessageData) -> None:
        """The visitor's message came through this socket."""
        self._view.began(message.id, message.seq)

    def asked_again(self, message_id: str) -> None:
        """Another answer to the visitor's message was asked for through this socket."""
        self._view.asked_again(message_id)

    def touch(self) -> None:
        """The visitor did something: the socket is not idle."""
        self.last_activity = monotonic()

    def put_error(self, error: ApplicationError, client_message_id: str | None = None) -> None:
        """Queue an error frame, and count the limit that refused, if one did."""
        note_refusal(widget_id=self.doorway.widget_id, limit=error.limit)
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

    def gone(self) -> None:
        """The client has left; a second time does nothing."""
        self._outbound.cancel()
        if self._is_gone:
            return
        self._is_gone = True
        hub.uncount_socket(self.doorway.ip)
        if self.session_id is not None:
            hub.leave(self.session_id, self)
            link.unfollow(self.session_id)
            self.session_id = None

    def check_widget(self, state: WidgetState | None) -> int | None:
        """The code to close with, now that the widget is so; None: go on."""
        if state is None or state["widget_id"] != self.doorway.widget_id:
            return CloseCode.GONE
        fits = state["enabled"] and origin_is_fine(
            allowed=state["allowed_origins"],
            origins=self.doorway.origins,
            fetch_site=self.doorway.fetch_site,
        )
        return None if fits else CloseCode.FORBIDDEN

    def _replaced(self, event: SessionReplaced) -> None:
        if self.session_id is None:
            return
        old, new = self.session_id, uuid.UUID(event.session_id)
        hub.leave(old, self)
        hub.join(new, self)
        self.session_id = new
        link.unfollow(old)
        self._in_background(link.follow(new))
        self.put(
            *self._view.leave_turns(),
            session_frame(
                v2=self.v2,
                session_token=event.session_token,
                contact_info_submitted=event.contact_info_submitted,
                resumed=False,
                starters=event.starters,
                notice=event.notice,
            ),
        )
