"""Tracks what one socket has been shown, and converts events to its frames. Pure.

It guarantees three things, in whatever order events arrive: every message is shown once, every
`typing_start` has its `typing_stop`, and a base socket sees only turns that it requested or joined.
"""

from collections.abc import Collection, Container, Sequence
from typing import assert_never

from loquent.errors import ErrorCode
from widgets.action_types import is_waiting
from widgets.chat.events import (
    ActionChanged,
    ActionEnded,
    MessagePosted,
    ShownEvent,
    TurnEnded,
    TurnStarted,
)
from widgets.chat.protocol import Frame
from widgets.chat.server_frames import (
    delta_frame,
    error_frame,
    message_frame,
    typing_start_frame,
    typing_stop_frame,
)
from widgets.types import FINISHED, MessageData, MessageRole


class ClientState:
    """The frames for one socket. `name` is how events name the socket as a sender."""

    def __init__(self, *, v2: bool, name: str) -> None:
        self.v2 = v2
        self.name = name
        self._reset()

    def _reset(self) -> None:
        # All up to here is shown, and these beyond.
        self._shown_seq = 0
        self._shown_ahead: set[int] = set()
        # The newest answer that is shown, as seq and id: another one may replace it.
        self._answer = (0, "")
        # Visitor's messages whose turns this socket requested, and those that it joined.
        self._own: set[str] = set()
        self._joined: set[str] = set()
        # Messages with a change that the visitor has not decided about, as far as is shown.
        self._waiting: set[str] = set()
        # The id of each answer being written, by the message that it answers.
        self._typing: dict[str, str] = {}
        self._live: set[str] = set()

    def opened(
        self,
        *,
        replayed_seq: int,
        unfinished: Sequence[str],
        rewritten: Container[str] = (),
        newest_answer: MessageData | None = None,
        waiting: Collection[str] = (),
    ) -> None:
        """The history up to `replayed_seq` is shown; answers to `unfinished` are awaited.

        A base socket joins only the first of them, whose turn is running, unless it is `rewritten`
        (an earlier answer is shown); v2 follows all word by word. `waiting`: the messages whose
        change waits for the visitor.
        """
        self._shown_seq = replayed_seq
        self._waiting.update(waiting)
        if newest_answer is not None:
            self._answer = (newest_answer.seq, newest_answer.id)
        if self.v2:
            self._joined = set(unfinished)
        else:
            self._joined = {message for message in unfinished[:1] if message not in rewritten}

    @property
    def shown_seq(self) -> int:
        """The `seq` up to which every message is shown."""
        return self._shown_seq

    @property
    def shown_answer(self) -> tuple[int, str]:
        """The newest answer that is shown, as seq and id; 0 if there is none."""
        return self._answer

    @property
    def typing(self) -> frozenset[str]:
        """The visitor's messages whose answers are shown as being written."""
        return frozenset(self._typing)

    @property
    def waiting(self) -> frozenset[str]:
        """The messages that are shown with a change that waits for the visitor."""
        return frozenset(self._waiting)

    @property
    def has_gap(self) -> bool:
        """Whether a message before one that is shown is missing: an event was lost or is late."""
        return self.v2 and bool(self._shown_ahead)

    def mark_sent(self, message_id: str, seq: int) -> None:
        """Record that this socket sent the message: it receives the turn's errors."""
        self._own.add(message_id)
        self._show(seq)

    def mark_requested(self, message_id: str) -> None:
        """Record that this socket requested another answer: it receives the turn's errors."""
        self._own.add(message_id)

    def _is_shown(self, seq: int) -> bool:
        return seq <= self._shown_seq or seq in self._shown_ahead

    def _show(self, seq: int) -> None:
        if self._is_shown(seq):
            return
        self._shown_ahead.add(seq)
        while self._shown_seq + 1 in self._shown_ahead:
            self._shown_seq += 1
            self._shown_ahead.discard(self._shown_seq)

    def is_live(self, message_id: str, reply_id: str) -> bool:
        """Whether the socket follows the answer word by word."""
        return self.v2 and (
            message_id in self._own or message_id in self._joined or reply_id in self._live
        )

    def join_answer(self, *, message_id: str, reply_id: str, text: str) -> list[Frame]:
        """Return the frames for joining an answer: its text so far; the rest arrives live."""
        if not self._follows(message_id):
            return []
        frames = self._start(message_id, reply_id)
        if self.v2:
            self._live.add(reply_id)
            if text:
                frames.append(delta_frame(message_id=reply_id, offset=0, content=text))
        return frames

    def frames_for(self, event: ShownEvent) -> list[Frame]:
        """Return the frames that an event becomes on this socket."""
        match event:
            case MessagePosted():
                return self._posted(event)
            case TurnStarted():
                if not self._follows(event.message_id):
                    return []
                return self._start(event.message_id, event.reply_id)
            case TurnEnded():
                return self._ended(event)
            case ActionChanged():
                return self._action_changed(event)
            case ActionEnded():
                return self._action_ended(event)
            case _:
                assert_never(event)

    def _action_changed(self, event: ActionChanged) -> list[Frame]:
        """Show the message again with its new status. Base clients are asked to confirm nothing."""
        message = event.message
        self._show(message.seq)
        if not self.v2:
            return []
        self._waiting.discard(message.id)
        frames = self._start(message.id, event.reply_id) if event.reply_id else []
        return [*frames, message_frame(v2=True, message=message)]

    def _action_ended(self, event: ActionEnded) -> list[Frame]:
        answer = self._unseen(event.answer, is_replacement=False)
        frames = [message_frame(v2=True, message=answer)] if answer and self.v2 else []
        return [*frames, *self._stop(event.message_id)]

    def delta(self, *, reply_id: str, offset: int, text: str) -> list[Frame]:
        """Return the frame of a piece of the answer, if its beginning was shown."""
        if reply_id not in self._typing.values():
            return []
        return [delta_frame(message_id=reply_id, offset=offset, content=text)]

    def leave_turns(self) -> list[Frame]:
        """Return the frames for a socket that moves to another session during an answer."""
        frames = [typing_stop_frame() for _ in self._typing]
        self._reset()
        return frames

    def _follows(self, message_id: str) -> bool:
        return self.v2 or message_id in self._own or message_id in self._joined

    def _posted(self, event: MessagePosted) -> list[Frame]:
        message = event.message
        is_shown = self._is_shown(message.seq)
        self._show(message.seq)
        if is_shown or event.sender == self.name:
            return []
        if self.v2:
            return [message_frame(v2=True, message=message)]
        if message.role == MessageRole.USER:
            return []
        # A person's message, or the line of a transition: a turn of its own for a base client.
        return [
            typing_start_frame(v2=False, message_id=message.id),
            message_frame(v2=False, message=message),
            typing_stop_frame(),
        ]

    def _start(self, message_id: str, reply_id: str) -> list[Frame]:
        """Show that the answer is being written; an earlier try, of a dead process, is over."""
        current = self._typing.get(message_id)
        if current == reply_id:
            return []
        frames = self._stop(message_id)
        self._typing[message_id] = reply_id
        return [*frames, typing_start_frame(v2=self.v2, message_id=reply_id)]

    def _stop(self, message_id: str) -> list[Frame]:
        reply_id = self._typing.pop(message_id, None)
        if reply_id is None:
            return []
        self._live.discard(reply_id)
        return [typing_stop_frame()]

    def end_turns(self, message_ids: Collection[str]) -> list[Frame]:
        """Return the frames for turns that are over, though their end was not received."""
        return [frame for message_id in message_ids for frame in self._stop(message_id)]

    def _unseen(self, answer: MessageData | None, *, is_replacement: bool) -> MessageData | None:
        """Return the answer if it is not shown yet, and record it as shown."""
        if answer is None:
            return None
        is_shown = self._is_shown(answer.seq)
        this, newest = (answer.seq, answer.id), self._answer
        if is_shown and not (is_replacement and this != newest and answer.seq >= newest[0]):
            return None
        self._show(answer.seq)
        if is_waiting(answer.action):
            self._waiting.add(answer.id)
        if answer.seq >= newest[0]:
            self._answer = this
        return answer

    def _ended(self, event: TurnEnded) -> list[Frame]:
        answer = self._unseen(event.answer, is_replacement=event.is_replacement)
        if not self._follows(event.message_id):
            return []
        frames: list[Frame] = []
        if answer is not None and (self.v2 or answer.status in FINISHED):
            frames.append(message_frame(v2=self.v2, message=answer))
        current = self._typing.get(event.message_id)
        is_lost = event.error_code == ErrorCode.INTERRUPTED
        if current not in (None, event.reply_id) and not is_lost:
            # This is the end of an earlier try: the one that is shown continues.
            return frames
        if event.error is not None and event.message_id in self._own:
            frames.append(
                error_frame(
                    v2=self.v2,
                    code=ErrorCode(event.error_code),
                    message=event.error,
                    retry_after=event.retry_after,
                    client_message_id=event.client_message_id,
                )
            )
        if frames and current is None:
            frames = [*self._start(event.message_id, event.reply_id), *frames]
        self._own.discard(event.message_id)
        self._joined.discard(event.message_id)
        return [*frames, *self._stop(event.message_id)]
