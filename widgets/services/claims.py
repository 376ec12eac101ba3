"""A waiting turn becomes a running one: claimed by this process, with all that it asks."""

import uuid
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from loquent.agents.backends.base import ChatMessage
from loquent.agents.services import (
    FoundAgent,
    LoadedReply,
    Reservation,
    find_agents,
    reply_request,
    reserve_tokens,
)
from loquent.errors import ApplicationError
from widgets.models import WidgetTurn
from widgets.services.identifiers import new_reply_id
from widgets.services.model_messages import TurnMessages, load_turn_messages
from widgets.services.queue import QueuedTurn, queued_turns
from widgets.services.refusals import note_refusal
from widgets.types import TurnState

# A process renews its leases every second; one that misses three is taken for dead.
LEASE = timedelta(seconds=4)


@dataclass(frozen=True, slots=True)
class ClaimedTurn:
    """A turn that this process runs; `reply` is what to ask, or why nothing can be asked.

    `replaces`: the answer that the message has already, where it is answered again.
    """

    turn_id: uuid.UUID
    session_id: uuid.UUID
    message_id: str
    client_message_id: str | None
    reply_id: str
    owner: uuid.UUID
    reply: LoadedReply | ApplicationError
    reservation: Reservation | None = None
    replaces: uuid.UUID | None = None


def claim_turns(session_ids: Sequence[uuid.UUID], *, owner: uuid.UUID) -> list[ClaimedTurn | None]:
    """Take the oldest waiting turn of each session, unless one of it is running in any process."""
    # No transaction: one conditional UPDATE decides.
    turns = queued_turns(session_ids=session_ids)
    taken = _take(_next_of_each(turns), owner)
    if not taken:
        return [None] * len(session_ids)
    waiting = {(turn.session_id, turn.seq) for turn in turns}
    asked = {question.turn.session_id: question for question in read_questions(taken, waiting)}
    return [claimed_turn(asked[key], owner=owner) if key in asked else None for key in session_ids]


@dataclass(frozen=True, slots=True)
class Question:
    """A turn, and what the database knows for it."""

    turn: QueuedTurn
    agent: FoundAgent | None
    told: TurnMessages


def read_questions(
    turns: Sequence[QueuedTurn], waiting: Container[tuple[uuid.UUID, int]] = ()
) -> list[Question]:
    """What these turns, of different sessions, ask and whom. `waiting`: see load_turn_messages."""
    if not turns:
        return []
    told = load_turn_messages(turns=turns, waiting=waiting)
    agents = find_agents({turn.agent_id for turn in turns})
    return [Question(turn, agents.get(turn.agent_id), told[turn.id]) for turn in turns]


def claimed_turn(question: Question, *, owner: uuid.UUID) -> ClaimedTurn:
    """A turn that `owner` has taken, with its tokens reserved; outside of transactions."""
    turn = question.turn
    reply, reservation = _load_reply(turn, question.agent, question.told.messages)
    return ClaimedTurn(
        turn_id=turn.id,
        session_id=turn.session_id,
        message_id=str(turn.message_id),
        client_message_id=turn.client_message_id,
        reply_id=str(new_reply_id(answers=turn.message_id)),
        owner=owner,
        reply=reply,
        reservation=reservation,
        replaces=question.told.earlier_answer,
    )


def _next_of_each(turns: Sequence[QueuedTurn]) -> list[QueuedTurn]:
    """The oldest of each session; of `turns`, in order, where none is running."""
    busy = {turn.session_id for turn in turns if turn.state == TurnState.RUNNING}
    oldest: dict[uuid.UUID, QueuedTurn] = {}
    for turn in turns:
        if turn.session_id not in busy:
            oldest.setdefault(turn.session_id, turn)
    return list(oldest.values())


def _take(turns: Sequence[QueuedTurn], owner: uuid.UUID) -> list[QueuedTurn]:
    """Those of these waiting turns that this process has now; others may have been quicker."""
    if not turns:
        return []
    rows = WidgetTurn.objects.filter(id__in=[turn.id for turn in turns])
    try:
        taken = rows.filter(state=TurnState.WAITING).update(
            state=TurnState.RUNNING,
            owner=owner,
            lease_until=timezone.now() + LEASE,
            attempts=F("attempts") + 1,
        )
    except IntegrityError:
        # One of the sessions has a running turn by now. Of many, each is tried by itself.
        if len(turns) > 1:
            raise
        return []
    if taken == len(turns):
        return list(turns)
    ours = set(rows.filter(state=TurnState.RUNNING, owner=owner).values_list("id", flat=True))
    return [turn for turn in turns if turn.id in ours]


def _load_reply(
    turn: QueuedTurn, agent: FoundAgent | None, messages: list[ChatMessage]
) -> tuple[LoadedReply | ApplicationError, Reservation | None]:
    try:
        loaded = reply_request(agent, messages=messages, page=turn.page, key=turn.widget_id)
        return loaded, reserve_tokens(loaded=loaded)
    except ApplicationError as error:
        note_refusal(widget_id=turn.widget_id, limit=error.limit)
        return error, None
