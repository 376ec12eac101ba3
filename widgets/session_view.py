"""What one socket has been shown of its session, and so which frames an event becomes. Pure.

It keeps three things true, whatever order hints come in: every message is shown once, every
`typing_start` has its `typing_stop`, and a base socket sees only turns that it began or joined.
"""

from collections.abc import Sequence

from loquent.errors import ErrorCode
from widgets.events import Event, MessagePosted, TurnEnded, TurnStarted
from widgets.frames import (
    SHOWN_TO_BASE,
    delta_frame,
    error_frame,
    message_frame,
    typing_start_frame,
    typing_stop_frame,
)
from widgets.protocol import Frame


class SessionView:
    """The frames for one socket. `name` is how events name the socket as a sender."""

    def __init__(self, *, v2: bool, name: str) -> None:
        self.v2 = v2
        self.name = name
        # All up to here is shown, and these beyond.
        self._shown_seq = 0
        self._shown_ahead: set[int] = set()
        self._began: set[str] = set()
        self._joined: set[str] = set()
        self._typing: set[str] = set()
        self._live: set[str] = set()

    def opened(self, *, replayed_seq: int, unfinished: Sequence[str]) -> None:
        """The history up to `replayed_seq` is shown; answers to `unfinished` are awaited.

        A base socket joins the answer whose turn it is, the first; v2 follows all word by word.
        """
        self._shown_seq = replayed_seq
        self._joined = set(unfinished if self.v2 else unfinished[:1])

    @property
    def shown_seq(self) -> int:
        """Every message up to this one is shown."""
        return self._shown_seq

    @property
    def has_gap(self) -> bool:
        """Whether a message is missing before one that is shown: a hint was lost, or is late."""
        return self.v2 and bool(self._shown_ahead)

    def began(self, message_id: str, seq: int) -> None:
        """This socket sent the message; what becomes of it is its business."""
        self._began.add(message_id)
        self._show(seq)

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
            message_id in self._began or message_id in self._joined or reply_id in self._live
        )

    def join_answer(self, *, message_id: str, reply_id: str, text: str) -> list[Frame]:
        """Frames for who comes in mid-answer: what is written so far, then the rest live."""
        if not self._follows(message_id):
            return []
        frames = self._start(reply_id)
        if self.v2:
            self._live.add(reply_id)
            if text:
                frames.append(delta_frame(message_id=reply_id, offset=0, content=text))
        return frames

    def frames_for(self, event: Event) -> list[Frame]:
        """The frames that an event becomes on this socket."""
        match event:
            case MessagePosted():
                return self._posted(event)
            case TurnStarted():
                return self._start(event.reply_id) if self._follows(event.message_id) else []
            case TurnEnded():
                return self._ended(event)
            case _:
                return []

    def delta(self, *, reply_id: str, offset: int, text: str) -> list[Frame]:
        """The frame of a piece of the answer, if its beginning was shown."""
        if reply_id not in self._typing:
            return []
        return [delta_frame(message_id=reply_id, offset=offset, content=text)]

    def leave_turns(self) -> list[Frame]:
        """Frames for a socket that is taken to another session in mid-answer."""
        frames = [typing_stop_frame() for _ in self._typing]
        self.__init__(v2=self.v2, name=self.name)  # type: ignore[misc]
        return frames

    def _follows(self, message_id: str) -> bool:
        return self.v2 or message_id in self._began or message_id in self._joined

    def _posted(self, event: MessagePosted) -> list[Frame]:
        is_shown = self._is_shown(event.message.seq)
        self._show(event.message.seq)
        if not self.v2 or is_shown or event.sender == self.name:
            return []
        return [message_frame(v2=True, message=event.message)]

    def _start(self, reply_id: str) -> list[Frame]:
        if reply_id in self._typing:
            return []
        self._typing.add(reply_id)
        return [typing_start_frame(v2=self.v2, message_id=reply_id)]

    def _ended(self, event: TurnEnded) -> list[Frame]:
        frames: list[Frame] = []
        answer = event.answer
        if answer is not None:
            is_shown = self._is_shown(answer.seq)
            self._show(answer.seq)
            answer = None if is_shown else answer
        if not self._follows(event.message_id):
            return []
        if answer is not None and answer.status not in SHOWN_TO_BASE and not self.v2:
            answer = None
        if answer is not None:
            frames.append(message_frame(v2=self.v2, message=answer))
        if event.error is not None and event.message_id in self._began:
            frames.append(
                error_frame(
                    v2=self.v2,
                    code=ErrorCode(event.error_code),
                    message=event.error,
                    retry_after=event.retry_after,
                    client_message_id=event.client_message_id,
                )
            )
        if frames:
            frames = [*self._start(event.reply_id), *frames]
        if event.reply_id in self._typing:
            self._typing.discard(event.reply_id)
            frames.append(typing_stop_frame())
        self._live.discard(event.reply_id)
        self._began.discard(event.message_id)
        self._joined.discard(event.message_id)
        return frames
