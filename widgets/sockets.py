"""The half of a visitor's socket that listens to its session: events in, frames out."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine

from django.conf import settings

from loquent.database import in_database
from loquent.errors import ApplicationError, ErrorCode
from widgets.events import (
    AnswerGrew,
    AnswerSoFar,
    AnswerWanted,
    Event,
    SessionReplaced,
    TurnStarted,
)
from widgets.frames import error_frame, session_frame
from widgets.hub import hub
from widgets.link import link
from widgets.outbound import Outbound
from widgets.page_data import Page
from widgets.protocol import CloseCode, Frame, FrameError, encode
from widgets.services.chat import Doorway, LoadedChat
from widgets.services.refusals import note_refusal
from widgets.services.resync import load_missed
from widgets.services.revocation import WidgetState
from widgets.services.validate_origin import origin_is_fine
from widgets.session_view import SessionView
from widgets.turns import runner
from widgets.types import MessageData

logger = logging.getLogger(__name__)
GAP_SECONDS = 1.0
BAD_FRAME_CODES = frozenset({ErrorCode.INVALID_FRAME, ErrorCode.UNSUPPORTED_FRAME})


class SessionSocket:
    """A socket in its session's room.

    Until `catch_up`, events wait: what the history shows already is not told again.
    """

    def __init__(
        self,
        *,
        doorway: Doorway,
        v2: bool,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        self.doorway = doorway
        self.v2 = v2
        self.name = uuid.uuid4().hex
        self.last_activity = time.monotonic()
        self.session_id: uuid.UUID | None = None
        self.widget_pk: uuid.UUID | None = None
        # Where the visitor is in this tab, as far as its browser has said.
        self.page: Page | None = None
        self._view = SessionView(v2=v2, name=self.name)
        self._outbound = Outbound(send, close)
        self._early: list[Event] | None = []
        self._is_gone = False
        self._bad_frames = 0
        self._wants_answer = False
        self._is_resyncing = False
        self._chores: set[asyncio.Task[None]] = set()
        hub.sockets_by_ip[doorway.ip] += 1

    # --- what the consumer does with it ---

    async def enter(self, session_id: uuid.UUID, widget_pk: uuid.UUID) -> None:
        """Join the session's room and group; events are kept from now on."""
        self.session_id, self.widget_pk = session_id, widget_pk
        hub.join(session_id, self)
        limit = settings.LIMITS.sockets_per_session
        if settings.RATE_LIMITS and limit:
            for oldest in hub.sockets_of(session_id)[:-limit]:
                oldest.end(CloseCode.TOO_MANY_SOCKETS)
        await link.follow(session_id)

    def catch_up(self, chat: LoadedChat) -> None:
        """The history is sent: go on with what happened since, and with a growing answer."""
        unfinished = chat.unfinished
        self._view.opened(
            replayed_seq=chat.replayed_seq,
            unfinished=unfinished,
            rewritten=chat.rewritten,
            newest_answer=chat.newest_answer,
        )
        early, self._early = self._early or [], None
        for event in early:
            # Of a turn under way, the join below tells all.
            if not isinstance(event, TurnStarted):
                self.deliver(event)
        turn = runner.current(self.session_id) if self.session_id else None
        if turn is None and unfinished:
            self._want_answer()
        elif turn is not None and turn.claimed.message_id in unfinished:
            turn.flush()
            self.put(
                *self._view.join_answer(
                    message_id=turn.claimed.message_id,
                    reply_id=turn.claimed.reply_id,
                    text=turn.text,
                )
            )

    def began(self, message: MessageData) -> None:
        """The visitor's message came through this socket."""
        self._view.began(message.id, message.seq)

    def asked_again(self, message_id: str) -> None:
        """Another answer to the visitor's message was asked for through this socket."""
        self._view.asked_again(message_id)

    def touch(self) -> None:
        """The visitor did something: the socket is not idle."""
        self.last_activity = time.monotonic()

    def put(self, *frames: Frame | None) -> None:
        """Queue frames for the client."""
        for frame in frames:
            if frame is not None:
                self._outbound.put(encode(frame))

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

    @property
    def is_ending(self) -> bool:
        """Whether the socket is being closed from this side."""
        return self._outbound.is_closing

    def gone(self) -> None:
        """The client has left; a second time does nothing."""
        self._outbound.cancel()
        if self._is_gone:
            return
        self._is_gone = True
        hub.sockets_by_ip[self.doorway.ip] -= 1
        if hub.sockets_by_ip[self.doorway.ip] <= 0:
            del hub.sockets_by_ip[self.doorway.ip]
        if self.session_id is not None:
            hub.leave(self.session_id, self)
            link.unfollow(self.session_id)
            self.session_id = None

    # --- what the hub does with it; none of these waits ---

    def deliver(self, event: Event) -> None:
        """Tell the client of an event of its session."""
        if self._early is not None:
            self._early.append(event)
            return
        match event:
            case SessionReplaced():
                self._move(event)
            case AnswerSoFar(message_id, reply_id, text):
                if self._wants_answer:
                    self._wants_answer = False
                    self.put(
                        *self._view.join_answer(message_id=message_id, reply_id=reply_id, text=text)
                    )
            case AnswerGrew(message_id, reply_id, offset, text):
                self.deliver_delta(message_id, reply_id, offset, text)
            case _:
                self.put(*self._view.frames_for(event))
                if self._view.has_gap:
                    self.resync_soon()
                if isinstance(event, TurnStarted) and self._view.is_live(
                    event.message_id, event.reply_id
                ):
                    self._want_answer()

    def deliver_delta(self, message_id: str, reply_id: str, offset: int, text: str) -> None:
        """Tell the client of a piece of an answer that it follows."""
        if self._early is None and self._view.is_live(message_id, reply_id):
            self.put(*self._view.delta(reply_id=reply_id, offset=offset, text=text))

    def end(self, code: int) -> None:
        """Close the socket behind what is queued."""
        self.put(*self._view.leave_turns())
        self._outbound.close(code)

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

    async def resync(self) -> None:
        """Show what is in the database and was not told; it may be that nothing is."""
        if self.session_id is None or self._early is not None:
            return
        typing = self._view.typing
        missed = await in_database(
            load_missed,
            session_id=self.session_id,
            after_seq=self._view.shown_seq,
            answer=self._view.shown_answer,
        )
        for event in missed.events:
            self.put(*self._view.frames_for(event))
        self.put(*self._view.end_turns(typing - missed.unfinished))
        if missed.unfinished:
            self._want_answer()

    def resync_soon(self) -> None:
        """`resync` in a moment: what is only late, from another process, has come until then."""
        if not self._is_resyncing:
            self._is_resyncing = True
            self._in_background(self._resync_later())

    async def _resync_later(self) -> None:
        try:
            await asyncio.sleep(GAP_SECONDS)
            await self.resync()
        except Exception as error:  # noqa: BLE001 - the next gap tries again
            logger.warning("A gap could not be filled: %s", type(error).__name__)
        finally:
            self._is_resyncing = False

    def _want_answer(self) -> None:
        """Ask the process that writes the answer for it, if it is another one."""
        if self.session_id is not None and runner.current(self.session_id) is None:
            self._wants_answer = True
            link.send_soon(self.session_id, AnswerWanted())

    def _move(self, event: SessionReplaced) -> None:
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

    def _in_background(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
