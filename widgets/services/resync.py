"""What a socket was not told: hints between processes may be lost, the database has it all."""

import uuid
from dataclasses import dataclass

from django.db.models import Q

from widgets.chat.events import MessagePosted, ShownEvent, TurnEnded
from widgets.models import WidgetMessage, WidgetTurn
from widgets.services.chat import message_data
from widgets.types import MessageRole

# More than this is missed only by a socket that should reconnect anyway.
MOST = 200


@dataclass(frozen=True, slots=True)
class Missed:
    """Events to make up for, oldest first; and the visitor's messages that are being answered."""

    events: list[ShownEvent]
    unfinished: frozenset[str]


def load_missed(*, session_id: uuid.UUID, after_seq: int, answer: tuple[int, str]) -> Missed:
    """The messages after `after_seq` as the events that told of them.

    `answer` is the newest answer that was told, as seq and id (0 for none): where another one has
    taken its place since, that is among them. The session shows each message once, so what was
    told after all does no harm.
    """
    turns = WidgetTurn.objects.filter(session_id=session_id)
    unfinished = frozenset(str(turn) for turn in turns.values_list("message_id", flat=True))
    missing = Q(seq__gt=after_seq)
    seq, shown = answer
    if seq:
        missing |= Q(seq=seq) & ~Q(id=shown)
    rows = WidgetMessage.objects.filter(missing, session_id=session_id).order_by("seq")
    events: list[ShownEvent] = []
    for row in rows[:MOST]:
        message = message_data(row)
        if row.role == MessageRole.ASSISTANT:
            events.append(
                TurnEnded(str(row.reply_to_id), message.id, message, is_replacement=row.seq == seq)
            )
        else:
            events.append(MessagePosted(message, sender=""))
    return Missed(events, unfinished)
