"""Let an open inbox follow the answer being written in the conversation that it shows."""

import uuid
from typing import Any

from loquent.db.threads import in_database
from widgets.chat.bus import bus
from widgets.chat.client_state import ClientState
from widgets.chat.events import MemberPresent, SessionReplaced, StaffTyping
from widgets.chat.inbox.viewer import InboxViewer
from widgets.chat.protocol import Frame
from widgets.chat.rooms import rooms
from widgets.chat.subscriber import Subscriber
from widgets.services.history import load_chat
from widgets.team_types import ConversationState

# The page has the messages already.
AFTER_ALL = 2**31 - 1
SHOWN = frozenset({"typing_start", "delta", "typing_stop"})


class StaffClientState(ClientState):
    """The state of a viewer, who receives every answer word by word."""

    def is_live(self, message_id: str, reply_id: str) -> bool:
        return True


class Follower(Subscriber):
    """Passes a conversation's running answer to an inbox: its start, its pieces, its end.

    The inbox learns of finished messages like of every other change.
    """

    def __init__(self, inbox: InboxViewer, *, organization_id: uuid.UUID) -> None:
        state = StaffClientState(v2=True, name=uuid.uuid4().hex)
        super().__init__(state=state, send=_nothing, close=_nothing)
        self._inbox = inbox
        self._organization_id = organization_id

    async def start(self, session_id: uuid.UUID) -> None:
        """Follow a conversation from now on."""
        self.session_id = session_id
        rooms.watch(session_id, self)
        await bus.subscribe(session_id)
        self.catch_up(await in_database(load_chat, session_id=session_id, last_seq=AFTER_ALL))

    def close(self) -> None:
        """Stop following; a second call does nothing."""
        if self.session_id is not None:
            rooms.unwatch(self.session_id, self)
            bus.unsubscribe(self.session_id)
            self.session_id = None

    def put(self, *frames: Frame | None) -> None:
        for frame in frames:
            if frame is not None and frame["type"] in SHOWN and self.session_id is not None:
                self._inbox.put({**frame, "conversation": str(self.session_id)})

    def end(self, code: int) -> None:
        """Stop following: the inbox itself stays open."""
        self.close()

    async def check_right(self) -> None:
        """Stop following if the member has left the organization."""
        if not self._inbox.may_see(self._organization_id):
            self.close()

    def _conversation_changed(self, state: ConversationState) -> None:
        """Do nothing: the inbox learns of it."""

    def _staff_acts(self, event: StaffTyping | MemberPresent) -> None:
        """Do nothing: the inbox learns of it."""

    def _replaced(self, event: SessionReplaced) -> None:
        """Do nothing: the inbox learns of it."""


async def _nothing(*_: Any) -> None:
    return None
