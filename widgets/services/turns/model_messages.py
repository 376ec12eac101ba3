"""The messages of a session that the model sees."""

import uuid
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db.models import F

from loquent.agents.types import ChatMessage
from loquent.db.compiled import PreparedQuery
from widgets.models import WidgetMessage
from widgets.services.turns.waiting import PendingTurn
from widgets.types import FINISHED, MessageRole

# Rows read to find the model's messages, at most; at first a few more than it may be told.
HISTORY_ROWS = 80
SPARE_ROWS = 4


@dataclass(frozen=True, slots=True)
class TurnMessages:
    """What a turn asks the model, and the answer that its message has already, if it has one."""

    messages: list[ChatMessage]
    earlier_answer: uuid.UUID | None


class Line(NamedTuple):
    """A message, as far as the model needs it. `answers`: the `seq` of the message it answers."""

    seq: int
    role: str
    content: str
    status: str
    answers: int | None


def load_turn_messages(
    *, turns: Sequence[PendingTurn], waiting: Container[tuple[uuid.UUID, int]]
) -> dict[uuid.UUID, TurnMessages]:
    """What each of these turns, of different sessions, asks, by its id.

    Each answered message followed by its answer, in order; then the one to be answered.
    `waiting`: session and `seq` of the messages that have a turn; the model hears of each when its
    turn comes.

    Messages typed while an answer grew come before that answer by `seq`; a model would take such
    an order for nonsense. Of a message that is answered again it sees neither the earlier answer
    nor what came later.
    """
    limit = settings.LIMITS.model_history_messages
    enough = min(limit + SPARE_ROWS, HISTORY_ROWS) if limit else HISTORY_ROWS
    told = _read(turns, waiting, rows=enough)
    # Failed ones took the place: rare, and worth another look.
    short = [
        turn
        for turn in turns
        if len(told[turn.turn_id].messages) < limit and turn.last_seq > enough
    ]
    return told | _read(short, waiting, rows=HISTORY_ROWS)


@lru_cache(maxsize=8)
def _newest(rows: int) -> PreparedQuery:
    """The newest `rows` messages of each session, and in a session that is being written to one
    more. By `seq`: reading three UUIDs a row was half of what this cost.
    """
    columns = ("session_id", "seq", "role", "content", "status", "reply_to__seq")
    return PreparedQuery(
        lambda ids: (
            WidgetMessage.objects.filter(session_id__in=ids, seq__gt=F("session__last_seq") - rows)
            .order_by("seq")
            .values_list(*columns)
        )
    )


def _read(
    turns: Sequence[PendingTurn], waiting: Container[tuple[uuid.UUID, int]], *, rows: int
) -> dict[uuid.UUID, TurnMessages]:
    """From the newest `rows` messages of each session."""
    lines: dict[uuid.UUID, list[Line]] = defaultdict(list)
    # Before the first message there is none.
    ids = [turn.session_id for turn in turns if turn.last_seq > 1]
    for session_id, *line in _newest(rows)(ids):
        if (session_id, line[0]) not in waiting:
            lines[session_id].append(Line(*line))
    return {turn.turn_id: _messages_of(turn, lines[turn.session_id]) for turn in turns}


def lines_for_model(lines: Sequence[Line], *, question_seq: int) -> list[ChatMessage]:
    """Return the messages before a question: each of the visitor's, then its finished answer.

    The one place that decides which roles a model sees, and as whose words.
    """
    answers = {line.answers: line for line in lines if line.role == MessageRole.ASSISTANT}
    messages = []
    for line in lines:
        if line.role != MessageRole.USER or line.seq >= question_seq:
            continue
        messages.append(ChatMessage("user", line.content))
        answer = answers.get(line.seq)
        if answer is not None and answer.status in FINISHED:
            messages.append(ChatMessage("assistant", answer.content))
    return messages


def _messages_of(turn: PendingTurn, lines: Sequence[Line]) -> TurnMessages:
    messages = lines_for_model(lines, question_seq=turn.seq)
    messages.append(ChatMessage("user", turn.content))
    earlier = None
    if any(line.answers == turn.seq for line in lines):
        answer_ids = WidgetMessage.objects.filter(reply_to_id=uuid.UUID(turn.message_id))
        earlier = answer_ids.values_list("id", flat=True).first()
    return TurnMessages(messages, earlier)
