"""What the model is told of a conversation."""

import uuid
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass

from django.db.models import Q

from loquent.agents.backends.base import ChatMessage
from widgets.models import WidgetMessage, WidgetTurn
from widgets.types import FINISHED, MessageRole

# Rows read to find the model's messages: enough for its bound with failed ones between.
HISTORY_ROWS = 80


@dataclass(frozen=True, slots=True)
class TurnMessages:
    """What a turn asks the model, and the answer that its message has already, if it has one."""

    messages: list[ChatMessage]
    earlier_answer: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class _Line:
    """What matters here of a message."""

    id: uuid.UUID
    session_id: uuid.UUID
    seq: int
    role: str
    content: str
    status: str
    reply_to_id: uuid.UUID | None


COLUMNS = ("id", "session_id", "seq", "role", "content", "status", "reply_to_id")


def load_turn_messages(
    *, turns: Sequence[WidgetTurn], waiting: Container[uuid.UUID]
) -> dict[uuid.UUID, TurnMessages]:
    """What each of these turns, of different sessions, asks, by its id; one query for all.

    Each answered message followed by its answer, in order; then the one to be answered.
    `waiting`: the messages that have a turn, which the model hears of when theirs comes.

    Messages typed while an answer grew come before that answer by `seq`; a model would take such
    an order for nonsense. Of a message that is answered again it sees neither the earlier answer
    nor what came later.
    """
    wanted = Q()
    for turn in turns:
        oldest = turn.session.last_seq - HISTORY_ROWS
        wanted |= Q(session_id=turn.session_id, seq__gt=oldest)
    found = WidgetMessage.objects.filter(wanted).order_by("seq").values_list(*COLUMNS)
    lines: dict[uuid.UUID, list[_Line]] = defaultdict(list)
    for line in (_Line(*values) for values in found if values[0] not in waiting):
        lines[line.session_id].append(line)
    return {turn.id: _messages_of(turn, lines[turn.session_id]) for turn in turns}


def _messages_of(turn: WidgetTurn, lines: Sequence[_Line]) -> TurnMessages:
    answers = {line.reply_to_id: line for line in lines if line.role == MessageRole.ASSISTANT}
    messages = []
    for line in lines:
        if line.role != MessageRole.USER or line.seq > turn.message.seq:
            continue
        messages.append(ChatMessage("user", line.content))
        answer = answers.get(line.id)
        if answer is not None and answer.status in FINISHED:
            messages.append(ChatMessage("assistant", answer.content))
    messages.append(ChatMessage("user", turn.message.content))
    earlier = answers.get(turn.message_id)
    return TurnMessages(messages, None if earlier is None else earlier.id)
