"""Read what a socket missed: events between processes may be lost, the database has them all."""

import uuid
from dataclasses import dataclass

from django.db.models import Q

from widgets.models import WidgetMessage, WidgetTurn
from widgets.services.chat import message_data
from widgets.types import MessageData, MessageRole

# More than this is missed only by a socket that should reconnect anyway.
MOST = 200


@dataclass(frozen=True, slots=True)
class Missed:
    """Messages to show, oldest first; and the visitor's messages that are being answered.

    `questions`: for each answer among `messages`, the id of the visitor's message.
    """

    messages: list[MessageData]
    questions: dict[str, str]
    unfinished: frozenset[str]


def load_missed(*, session_id: uuid.UUID, after_seq: int, answer: tuple[int, str]) -> Missed:
    """Return the messages after `after_seq`, and the answer that replaced `answer`.

    `answer` is the newest answer that the client was shown, as seq and id (0 for none). A message
    that arrives as an event meanwhile may be among them; the client's state shows it once.
    """
    turns = WidgetTurn.objects.filter(session_id=session_id)
    unfinished = frozenset(str(turn) for turn in turns.values_list("message_id", flat=True))
    missing = Q(seq__gt=after_seq)
    seq, shown = answer
    if seq:
        missing |= Q(seq=seq) & ~Q(id=shown)
    rows = WidgetMessage.objects.filter(missing, session_id=session_id).order_by("seq")[:MOST]
    answers = [row for row in rows if row.role == MessageRole.ASSISTANT]
    return Missed(
        messages=[message_data(row) for row in rows],
        questions={str(row.id): str(row.reply_to_id) for row in answers},
        unfinished=unfinished,
    )
