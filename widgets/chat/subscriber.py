"""Whoever follows a session live, be it a visitor or staff: events in, frames out."""

import asyncio
import logging
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine

from loquent.db.threads import in_database
from widgets.chat.bus import link
from widgets.chat.client_state import SessionView
from widgets.chat.events import (
    AnswerGrew,
    AnswerSoFar,
    AnswerWanted,
    Event,
    SessionReplaced,
    TurnStarted,
)
from widgets.chat.protocol import Frame, encode
from widgets.chat.send_queue import Outbound
from widgets.chat.turn_runner import runner
from widgets.services.chat import LoadedChat
from widgets.services.resync import load_missed

logger = logging.getLogger(__name__)
GAP_SECONDS = 1.0
# Of all followers: a set for each would be empty nearly always.
_chores: set[asyncio.Task[None]] = set()


class Follower(ABC):
    """The half of a socket that listens to a session. None of its methods waits but `resync`.

    Until `catch_up`, events wait: what is shown already is not told again.
    """

    def __init__(
        self,
        *,
        view: SessionView,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        self.v2 = view.v2
        self.name = view.name
        self.session_id: uuid.UUID | None = None
        self._view = view
        self._outbound = Outbound(send, close, held=True)
        self._early: list[Event] | None = []
        self._wants_answer = False
        self._is_resyncing = False

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

    def accepted(self) -> None:
        """The handshake is answered: send what was queued until now, the close included."""
        self._outbound.release()

    def put(self, *frames: Frame | None) -> None:
        """Queue frames for the client."""
        for frame in frames:
            if frame is not None:
                self._outbound.put(encode(frame))

    @property
    def is_ending(self) -> bool:
        """Whether the socket is being closed from this side."""
        return self._outbound.is_closing

    def deliver(self, event: Event) -> None:
        """Tell the client of an event of its session."""
        if self._early is not None:
            self._early.append(event)
            return
        match event:
            case SessionReplaced():
                self._replaced(event)
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
        # Once the client has left, `resync` succeeds without asking the database.
        while self._is_resyncing:
            await asyncio.sleep(GAP_SECONDS)
            try:
                await self.resync()
                self._is_resyncing = False
            except Exception as error:  # noqa: BLE001 - tried again
                logger.warning("A gap could not be filled: %s", type(error).__name__)

    def _want_answer(self) -> None:
        """Ask the process that writes the answer for it, if it is another one."""
        if self.session_id is not None and runner.current(self.session_id) is None:
            self._wants_answer = True
            link.send_soon(self.session_id, AnswerWanted())

    @abstractmethod
    def _replaced(self, event: SessionReplaced) -> None:
        """The visitor has begun a new conversation."""

    def _in_background(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        _chores.add(task)
        task.add_done_callback(_chores.discard)
