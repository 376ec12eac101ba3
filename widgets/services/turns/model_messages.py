"""Build the message list that the model receives."""

import uuid
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db.models import F

from loquent.agents.types import ChatMessage
from loquent.db.compiled import PreparedQuery
from widgets.models import ConversationEvent, WidgetMessage
from widgets.models.team import EventKind
from widgets.services.turns.waiting import PendingTurn
from widgets.types import FINISHED, MessageRole

# The most rows read to find the model's messages; the first attempt reads SPARE_ROWS more than the
# limit.
HISTORY_ROWS = 80
SPARE_ROWS = 4
# The agent answers again only after the team or the visitor has handed back.
PERSON_LEFT = "(The team has handed the conversation back to the assistant.)"

# The events after which people have a conversation.
TEAMS = (EventKind.ASKED, EventKind.TAKEN, EventKind.ASSIGNED)


@dataclass(frozen=True, slots=True)
class TurnMessages:
    """The messages sent to the model, and the message's existing answer, if it has one."""

    messages: list[ChatMessage]
    earlier_answer: uuid.UUID | None


class Line(NamedTuple):
    """The columns of a message that the model needs.

    `answers`: the `seq` of the answered message; None for an assistant's message that is the line
    of a transition. `author`: the person who wrote a staff message.
    """

    seq: int
    role: str
    content: str
    status: str
    answers: int | None
    author: str = ""

    @property
    def is_notice(self) -> bool:
        """Whether this is the line of a transition."""
        return self.role == MessageRole.ASSISTANT and self.answers is None


def load_turn_messages(
    *, turns: Sequence[PendingTurn], waiting: Container[tuple[uuid.UUID, int]]
) -> dict[uuid.UUID, TurnMessages]:
    """Return the model messages of each of these turns, of different sessions, by turn id.

    Each answered message is followed by its answer, in order; the message to be answered comes
    last. `waiting`: session and `seq` of the messages whose own turn is still queued; these are
    left out.

    Messages typed while an answer was being written have a lower `seq` than that answer; sent in
    that order they would confuse the model. For a regenerated answer, the model sees neither the
    earlier answer nor later messages.
    """
    limit = settings.LIMITS.model_history_messages
    enough = min(limit + SPARE_ROWS, HISTORY_ROWS) if limit else HISTORY_ROWS
    told = _read(turns, waiting, rows=enough)
    # Failed answers used up the rows. This is rare, so a second query is acceptable.
    short = [
        turn
        for turn in turns
        if len(told[turn.turn_id].messages) < limit and turn.last_seq > enough
    ]
    return told | _read(short, waiting, rows=HISTORY_ROWS)


@lru_cache(maxsize=8)
def _newest(rows: int) -> PreparedQuery:
    """Select the newest `rows` messages of each session, or one more if it is being written to.

    By `seq`, because reading three UUIDs per row was half of the cost.
    """
    columns = ("session_id", "seq", "role", "content", "status", "reply_to__seq", "author")
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
    lines: dict[uuid.UUID, list[Line]] = defaultdict(list)
    # A session's first message has no history.
    ids = [turn.session_id for turn in turns if turn.last_seq > 1]
    for session_id, *line in _newest(rows)(ids):
        if (session_id, line[0]) not in waiting:
            lines[session_id].append(Line(*line))
    left = _left_by_people(lines)
    return {
        turn.turn_id: _messages_of(
            turn, lines[turn.session_id], is_handed_back=turn.session_id in left
        )
        for turn in turns
    }


def _left_by_people(lines: Mapping[uuid.UUID, Sequence[Line]]) -> set[uuid.UUID]:
    """Return the sessions that the team had, from the sessions whose turn the agent runs now."""
    left = {key for key, found in lines.items() if any(each.author for each in found)}
    unsure = {key for key, found in lines.items() if any(each.is_notice for each in found)} - left
    if not unsure:
        return left
    # Out of hours a notice is written, but the agent keeps the conversation.
    taken = ConversationEvent.objects.filter(session_id__in=unsure, kind__in=TEAMS)
    return left | set(taken.order_by().values_list("session_id", flat=True))


def lines_for_model(
    lines: Sequence[Line], *, question_seq: int, is_handed_back: bool = False
) -> list[ChatMessage]:
    """Return the messages before a question: each visitor's message, then its finished answer.

    Messages of people are included with their name, the lines of transitions are not, but one that
    says that the team no longer answers, if `is_handed_back`. Only this function decides which
    roles a model sees, and under which role.
    """
    answers = {line.answers: line for line in lines if line.role == MessageRole.ASSISTANT}
    earlier = [line for line in lines if line.seq < question_seq]
    of_team = [line.seq for line in earlier if line.role == MessageRole.STAFF or line.is_notice]
    messages = []
    for line in earlier:
        if line.role == MessageRole.STAFF:
            messages.append(ChatMessage("assistant", f"{line.author} (team): {line.content}"))
        elif line.role == MessageRole.USER:
            messages.append(ChatMessage("user", line.content))
            answer = answers.get(line.seq)
            if answer is not None and answer.status in FINISHED:
                messages.append(ChatMessage("assistant", answer.content))
        if is_handed_back and line.seq in of_team[-1:]:
            messages.append(ChatMessage("assistant", PERSON_LEFT))
    if is_handed_back and not of_team:
        # The question is older than the hand-over.
        messages.append(ChatMessage("assistant", PERSON_LEFT))
    return messages


def _messages_of(turn: PendingTurn, lines: Sequence[Line], *, is_handed_back: bool) -> TurnMessages:
    messages = lines_for_model(lines, question_seq=turn.seq, is_handed_back=is_handed_back)
    messages.append(ChatMessage("user", turn.content))
    earlier = None
    if any(line.answers == turn.seq for line in lines):
        answer_ids = WidgetMessage.objects.filter(reply_to_id=uuid.UUID(turn.message_id))
        earlier = answer_ids.values_list("id", flat=True).first()
    return TurnMessages(messages, earlier)
