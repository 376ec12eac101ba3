"""A live subscriber of a session, visitor or staff: events in, frames out."""

import asyncio
import logging
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import assert_never

from loquent.db.threads import in_database
from widgets.action_types import is_waiting
from widgets.chat.bus import bus
from widgets.chat.client_state import ClientState
from widgets.chat.events import (
    ActionChanged,
    ActionEnded,
    AnswerGrew,
    AnswerRequested,
    AnswerSoFar,
    ClientEvent,
    MemberPresent,
    MessagePosted,
    SessionReplaced,
    ShownEvent,
    StaffTyping,
    TurnEnded,
    TurnStarted,
)
from widgets.chat.protocol import Frame, encode
from widgets.chat.rooms import rooms
from widgets.chat.send_queue import SendQueue
from widgets.chat.turn_runner import runner
from widgets.services.history import LoadedChat, load_missed
from widgets.team_types import ConversationState, Handler

logger = logging.getLogger(__name__)
GAP_SECONDS = 1.0
# One set for all subscribers: a set each would nearly always be empty.
_chores: set[asyncio.Task[None]] = set()


class Subscriber(ABC):
    """The half of a socket that receives a session's events. Only `resync` waits.

    Events are queued until `catch_up`, so that nothing is shown twice.
    """

    def __init__(
        self,
        *,
        state: ClientState,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        self.v2 = state.v2
        self.name = state.name
        self.session_id: uuid.UUID | None = None
        self._state = state
        self._queue = SendQueue(send, close, held=True)
        self._early: list[ClientEvent] | None = []
        self._awaits_answer = False
        self._is_resyncing = False
        # A change while the history was being read, which may not contain it.
        self._is_outdated = False
        self._conversation: ConversationState | None = None

    def catch_up(self, chat: LoadedChat) -> None:
        """After the history is sent, continue with later events and a growing answer."""
        unfinished = chat.unfinished
        self._state.opened(
            replayed_seq=chat.replayed_seq,
            unfinished=unfinished,
            rewritten=chat.rewritten,
            newest_answer=chat.newest_answer,
            waiting=[message.id for message in chat.messages if is_waiting(message.action)],
        )
        self._show_conversation(chat.conversation)
        early, self._early = self._early or [], None
        for event in early:
            # Joining the running turn, below, sends all of it.
            if not isinstance(event, TurnStarted):
                self.deliver(event)
        turn = runner.current(self.session_id) if self.session_id else None
        if turn is None and unfinished:
            self._request_answer()
        elif turn is not None and turn.claimed.message_id in unfinished:
            turn.flush()
            self.put(
                *self._state.join_answer(
                    message_id=turn.claimed.message_id,
                    reply_id=turn.claimed.reply_id,
                    text=turn.text,
                )
            )
        if self._is_outdated:
            self.resync_now()

    @property
    def awaits_person(self) -> bool:
        """Whether the team or a person has the conversation."""
        return self._conversation is not None and self._conversation.handler != Handler.AGENT

    def _show_conversation(self, state: ConversationState) -> None:
        """Tell the client who has the conversation, if that has changed."""
        if state != self._conversation:
            self._conversation = state
            self._conversation_changed(state)

    @abstractmethod
    def _conversation_changed(self, state: ConversationState) -> None:
        """Handle a change of who has the conversation."""

    def accepted(self) -> None:
        """After the handshake's response, send the queued frames, including a close."""
        self._queue.release()

    def put(self, *frames: Frame | None) -> None:
        """Queue frames for the client."""
        for frame in frames:
            if frame is not None:
                self._queue.put(encode(frame))

    @property
    def is_ending(self) -> bool:
        """Whether the socket is being closed from this side."""
        return self._queue.is_closing

    def deliver(self, event: ClientEvent) -> None:
        """Send the client an event of its session."""
        if self._early is not None:
            self._early.append(event)
            return
        match event:
            case SessionReplaced():
                self._replaced(event)
            case AnswerSoFar(message_id, reply_id, text):
                if self._awaits_answer:
                    self._awaits_answer = False
                    self.put(
                        *self._state.join_answer(
                            message_id=message_id, reply_id=reply_id, text=text
                        )
                    )
            case AnswerGrew(message_id, reply_id, offset, text):
                self.deliver_delta(message_id, reply_id, offset, text)
            case StaffTyping() | MemberPresent():
                self._staff_acts(event)
            case MessagePosted() | TurnStarted() | TurnEnded() | ActionChanged() | ActionEnded():
                self.put(*self._state.frames_for(event))
                if isinstance(event, TurnEnded):
                    self._offer_person()
                if self._state.has_gap:
                    self.resync_soon()
                if isinstance(event, TurnStarted) and self._state.is_live(
                    event.message_id, event.reply_id
                ):
                    self._request_answer()
            case _:
                assert_never(event)

    def _offer_person(self) -> None:
        """After the first answer, the visitor may ask for a person."""
        state = self._conversation
        if state is not None and state.is_offered and not state.can_ask_person:
            self._show_conversation(replace(state, can_ask_person=True))

    def deliver_delta(self, message_id: str, reply_id: str, offset: int, text: str) -> None:
        """Send the client a piece of an answer, if it follows the answer."""
        if self._early is None and self._state.is_live(message_id, reply_id):
            self.put(*self._state.delta(reply_id=reply_id, offset=offset, text=text))

    def end(self, code: int) -> None:
        """Close the socket after the queued frames."""
        self.put(*self._state.leave_turns())
        self._queue.close(code)

    async def resync(self) -> None:
        """Send the client what it has missed, from the database."""
        session_id = self.session_id
        if self._early is not None:
            self._is_outdated = True
            return
        if session_id is None:
            return
        typing, answer = self._state.typing, self._state.shown_answer
        missed = await in_database(
            load_missed,
            session_id=session_id,
            after_seq=self._state.shown_seq,
            answer=answer,
            waiting=self._state.waiting,
        )
        if self.session_id != session_id:
            # The visitor has started a new conversation in the meantime.
            return
        # Before a line of a transition: the turn that it ended is over.
        answered = frozenset(missed.questions.values())
        self.put(*self._state.end_turns(typing - missed.unfinished - answered))
        for message in missed.decided:
            self.put(*self._state.frames_for(ActionChanged(message)))
        for message in missed.messages:
            question = missed.questions.get(message.id)
            event: ShownEvent = MessagePosted(message, sender="")
            if question is not None:
                is_replacement = message.seq == answer[0]
                event = TurnEnded(question, message.id, message, is_replacement=is_replacement)
            self.put(*self._state.frames_for(event))
        self.put(*self._state.end_turns(typing - missed.unfinished))
        self._show_conversation(missed.conversation)
        if missed.unfinished:
            self._request_answer()

    def resync_now(self) -> None:
        """Run `resync` at once, and again in a moment if it fails."""
        self._in_background(self._resync_or_retry())

    async def _resync_or_retry(self) -> None:
        if self.session_id is None:
            return
        try:
            # After a message that is being accepted here: its socket must not see it as another's.
            async with rooms.in_order(self.session_id):
                await self.resync()
        except Exception as error:  # noqa: BLE001 - tried again
            logger.warning("A change could not be read: %s", type(error).__name__)
            self.resync_soon()

    def resync_soon(self) -> None:
        """Run `resync` shortly, when events that are only late have arrived."""
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

    def _request_answer(self) -> None:
        """Ask the process that writes the answer for it, if it is another one."""
        if self.session_id is not None and runner.current(self.session_id) is None:
            self._awaits_answer = True
            bus.send_soon(self.session_id, AnswerRequested())

    @abstractmethod
    def _staff_acts(self, event: StaffTyping | MemberPresent) -> None:
        """Handle what a member does: the visitor learns that they write, colleagues the rest."""

    @abstractmethod
    def _replaced(self, event: SessionReplaced) -> None:
        """Handle the start of a new conversation."""

    def _in_background(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        _chores.add(task)
        task.add_done_callback(_chores.discard)
