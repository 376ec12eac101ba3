"""What a socket was not told: hints between processes may be lost, the database has it all."""

import uuid
from dataclasses import dataclass

from widgets.events import Event, MessagePosted, TurnEnded
from widgets.models import WidgetMessage, WidgetTurn
from widgets.services.chat import message_data
from widgets.types import MessageRole

# More than this is missed only by a socket that should reconnect anyway.
MOST = 200


@dataclass(frozen=True, slots=True)
class Missed:
    """Events to make up for, oldest first, and whether an answer may be being written."""

    events: list[Event]
    is_unfinished: bool


def load_missed(*, session_id: uuid.UUID, after_seq: int) -> Missed:
    """The messages after `after_seq` as the events that told of them.

    The session shows each message once, so what was told after all does no harm.
    """
    unfinished = WidgetTurn.objects.filter(session_id=session_id).exists()
    rows = WidgetMessage.objects.filter(session_id=session_id, seq__gt=after_seq).order_by("seq")
    events: list[Event] = []
    for row in rows[:MOST]:
        message = message_data(row)
        if row.role == MessageRole.ASSISTANT:
            events.append(TurnEnded(str(row.reply_to_id), message.id, message))
        else:
            events.append(MessagePosted(message, sender=""))
    return Missed(events, unfinished)
