"""What a staff page says: that its member looks at a conversation, writes in it, or has left it."""

import json
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from loquent.db.threads import in_database
from loquent.ratelimit.buckets import Rate
from widgets.chat.bus import bus
from widgets.chat.events import MemberPresent, StaffTyping
from widgets.chat.rooms import rooms
from widgets.services.handoff.presence import PresentMember, note_presence
from widgets.services.rate_limits import frame_limiter

# The room of all open inboxes, which is no conversation's.
INBOX = uuid.UUID("1b0c5a0e-0000-4000-8000-000000000000")
VIEWING, WRITING, NOTING, IDLE, GONE = "viewing", "writing", "noting", "idle", "gone"
STATES = frozenset({VIEWING, WRITING, NOTING, IDLE, GONE})
MAX_FRAME = 1_000
# A page sends one every 20 seconds, and one per change.
RATE = Rate("staff_frames", amount=60, period=60, burst=30)


@dataclass(frozen=True, slots=True)
class PresenceFrame:
    """A member's state at a conversation."""

    conversation_id: uuid.UUID
    state: str


class Place(NamedTuple):
    """A conversation, and the organization that it belongs to."""

    conversation_id: uuid.UUID
    organization_id: uuid.UUID


def parse_staff_frame(text: str) -> PresenceFrame | None:
    """Return a page's frame; None for anything else, which is ignored."""
    if len(text) > MAX_FRAME:
        return None
    try:
        data = json.loads(text)
        if data["type"] == "presence" and data["state"] in STATES:
            return PresenceFrame(uuid.UUID(data["conversation"]), data["state"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return None


class MemberPresence:
    """What one staff page has told of its member; each page is at one conversation at a time."""

    def __init__(self, session_key: str) -> None:
        self._session_key = session_key
        self._name = uuid.uuid4().hex
        self._at: tuple[uuid.UUID, PresentMember] | None = None
        self._is_typing = False

    @property
    def at(self) -> Place | None:
        """The conversation that the page shows; None if it shows none."""
        return None if self._at is None else Place(self._at[0], self._at[1].organization_id)

    async def receive(self, text: str | None) -> None:
        """Handle a frame of the page. Too many, and unknown ones, are ignored."""
        frame = parse_staff_frame(text or "")
        if frame is None or frame_limiter.take((RATE, self._name)) is not None:
            return
        if frame.state == GONE:
            self.leave()
            return
        member = await in_database(
            note_presence,
            session_key=self._session_key,
            conversation_id=frame.conversation_id,
            is_active=frame.state != IDLE,
        )
        if member is None or (self._at is not None and self._at[0] != frame.conversation_id):
            self.leave()
        if member is not None:
            self._at = (frame.conversation_id, member)
            self._show(frame.state)
            self._type(on=frame.state == WRITING and member.may_type)

    def leave(self) -> None:
        """Tell the others that the member has left; a second call does nothing."""
        self._type(on=False)
        self._show(GONE)
        self._at = None

    def _type(self, *, on: bool) -> None:
        # Repeated while they write: the visitor's page forgets it after 15 seconds.
        if self._at is not None and (on or self._is_typing):
            self._is_typing = on
            session_id, member = self._at
            _tell(session_id, StaffTyping(member.name, on))

    def _show(self, state: str) -> None:
        if self._at is None:
            return
        session_id, member = self._at
        event = MemberPresent(
            conversation=str(session_id),
            organization=str(member.organization_id),
            member=str(member.member_id),
            name=member.name,
            state=state,
        )
        _tell(session_id, event)
        _tell(INBOX, event)


def _tell(room: uuid.UUID, event: StaffTyping | MemberPresent) -> None:
    """Deliver an event here and elsewhere; it changes no conversation, so the feed is left out."""
    rooms.deliver_local(room, event)
    bus.send_soon(room, event)


def presence_frame(event: MemberPresent) -> dict[str, object]:
    """Return the frame that tells a colleague's page."""
    return {
        "type": "presence",
        "conversation": event.conversation,
        "member": {"id": event.member, "name": event.name},
        "state": event.state,
    }
