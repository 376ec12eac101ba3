"""A waiting turn becomes a running one: claimed by this process, with all that it asks."""

import uuid
from collections.abc import Container, Sequence
from dataclasses import dataclass

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from loquent.agents.backends.base import ChatMessage, VisitorPage
from loquent.agents.services import (
    FoundAgent,
    LoadedReply,
    Reservation,
    find_agents,
    needs_database,
    reply_request,
    reserve_tokens,
)
from loquent.errors import ApplicationError
from widgets.identifiers import new_reply_id
from widgets.models import WidgetTurn
from widgets.services.refusals import count_refusal
from widgets.services.turns.leases import LEASE
from widgets.services.turns.model_messages import load_turn_messages
from widgets.services.turns.waiting import QueuedTurn, queued_turns
from widgets.types import TurnState


@dataclass(frozen=True, slots=True)
class ClaimedTurn:
    """A turn that the process `owner` runs: what it asks (`messages`, `page`) of which agent.

    `replaces`: the answer that the message has already, where it is answered again.
    """

    turn_id: uuid.UUID
    session_id: uuid.UUID
    message_id: str
    client_message_id: str | None
    reply_id: str
    owner: uuid.UUID
    widget_id: str
    agent: FoundAgent | None
    messages: list[ChatMessage]
    page: VisitorPage | None
    replaces: uuid.UUID | None = None

    @property
    def needs_database(self) -> bool:
        """Whether `begin_turn` asks the database, and has to be called on one of its threads."""
        return needs_database(self.agent)


def claim_turns(session_ids: Sequence[uuid.UUID], *, owner: uuid.UUID) -> list[ClaimedTurn | None]:
    """Take the oldest waiting turn of each session, unless one of it is running in any process."""
    # No transaction: one conditional UPDATE decides.
    turns = queued_turns(session_ids=session_ids)
    taken = _take(_next_of_each(turns), owner)
    waiting = {(turn.session_id, turn.seq) for turn in turns}
    claimed = {turn.session_id: turn for turn in claimed_turns(taken, waiting, owner=owner)}
    return [claimed.get(session_id) for session_id in session_ids]


def claimed_turns(
    turns: Sequence[QueuedTurn],
    waiting: Container[tuple[uuid.UUID, int]] = (),
    *,
    owner: uuid.UUID,
) -> list[ClaimedTurn]:
    """Turns, of different sessions, that `owner` has. `waiting`: see load_turn_messages."""
    if not turns:
        return []
    told = load_turn_messages(turns=turns, waiting=waiting)
    agents = find_agents({turn.agent_id for turn in turns})
    return [
        ClaimedTurn(
            turn_id=turn.id,
            session_id=turn.session_id,
            message_id=str(turn.message_id),
            client_message_id=turn.client_message_id,
            reply_id=str(new_reply_id(answers=turn.message_id)),
            owner=owner,
            widget_id=turn.widget_id,
            agent=agents.get(turn.agent_id),
            messages=told[turn.id].messages,
            page=turn.page,
            replaces=told[turn.id].earlier_answer,
        )
        for turn in turns
    ]


Beginning = tuple[LoadedReply | ApplicationError, Reservation | None]


def begin_turns(turns: Sequence[ClaimedTurn]) -> list[Beginning | Exception]:
    """`begin_turn` for several, one after the other; where it raises, what it raises."""
    begun: list[Beginning | Exception] = []
    for turn in turns:
        try:
            begun.append(begin_turn(turn))
        except Exception as error:  # noqa: BLE001 - the tokens of those before are set aside
            begun.append(error)
    return begun


def begin_turn(turn: ClaimedTurn) -> Beginning:
    """What to ask, with its tokens set aside, or why nothing can be asked.

    Call it outside of transactions.
    """
    try:
        loaded = reply_request(
            turn.agent, messages=turn.messages, page=turn.page, key=turn.widget_id
        )
        return loaded, reserve_tokens(loaded=loaded)
    except ApplicationError as error:
        count_refusal(widget_id=turn.widget_id, limit=error.limit)
        return error, None


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
