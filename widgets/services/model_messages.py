"""What the model is told of a conversation."""

import uuid
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q

from loquent.agents.backends.base import ChatMessage
from widgets.models import WidgetMessage
from widgets.services.queue import QueuedTurn
from widgets.types import FINISHED, MessageRole

# Rows read to find the model's messages, at most; at first a few more than it may be told.
HISTORY_ROWS = 80
SPARE_ROWS = 4


@dataclass(frozen=True, slots=True)
class TurnMessages:
    """What a turn asks the model, and the answer that its message has already, if it has one."""

    messages: list[ChatMessage]
    earlier_answer: uuid.UUID | None


class _Line(NamedTuple):
    """What matters here of a message."""

    id: uuid.UUID
    session_id: uuid.UUID
    seq: int
    role: str
    content: str
    status: str
    reply_to_id: uuid.UUID | None


def load_turn_messages(
    *, turns: Sequence[QueuedTurn], waiting: Container[uuid.UUID]
) -> dict[uuid.UUID, TurnMessages]:
    """What each of these turns, of different sessions, asks, by its id.

    Each answered message followed by its answer, in order; then the one to be answered.
    `waiting`: the messages that have a turn, which the model hears of when theirs comes.

    Messages typed while an answer grew come before that answer by `seq`; a model would take such
    an order for nonsense. Of a message that is answered again it sees neither the earlier answer
    nor what came later.
    """
    limit = settings.LIMITS.model_history_messages
    enough = min(limit + SPARE_ROWS, HISTORY_ROWS) if limit else HISTORY_ROWS
    told = _read(turns, waiting, rows=enough)
    # Failed ones took the place: rare, and worth another look.
    short = [
        turn for turn in turns if len(told[turn.id].messages) < limit and turn.last_seq > enough
    ]
    return told | _read(short, waiting, rows=HISTORY_ROWS) if short else told


def _read(
    turns: Sequence[QueuedTurn], waiting: Container[uuid.UUID], *, rows: int
) -> dict[uuid.UUID, TurnMessages]:
    """From the newest `rows` messages of each session."""
    wanted = Q()
    for turn in turns:
        wanted |= Q(session_id=turn.session_id, seq__gt=turn.last_seq - rows)
    found = WidgetMessage.objects.filter(wanted).order_by("seq").values_list(*_Line._fields)
    lines: dict[uuid.UUID, list[_Line]] = defaultdict(list)
    for line in map(_Line._make, found):
        if line.id not in waiting:
            lines[line.session_id].append(line)
    return {turn.id: _messages_of(turn, lines[turn.session_id]) for turn in turns}


def _messages_of(turn: QueuedTurn, lines: Sequence[_Line]) -> TurnMessages:
    answers = {line.reply_to_id: line for line in lines if line.role == MessageRole.ASSISTANT}
    messages = []
    for line in lines:
        if line.role != MessageRole.USER or line.seq > turn.seq:
            continue
        messages.append(ChatMessage("user", line.content))
        answer = answers.get(line.id)
        if answer is not None and answer.status in FINISHED:
            messages.append(ChatMessage("assistant", answer.content))
    messages.append(ChatMessage("user", turn.content))
    earlier = answers.get(turn.message_id)
    return TurnMessages(messages, None if earlier is None else earlier.id)
