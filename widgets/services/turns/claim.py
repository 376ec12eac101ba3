"""Claim waiting turns for this process, and load what their requests to the model need."""

import uuid
from collections.abc import Container, Sequence
from dataclasses import replace

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from loquent.agents.services import (
    LoadedReply,
    Reservation,
    find_agents,
    reply_request,
    reserve_tokens,
)
from loquent.errors import ApplicationError
from widgets.identifiers import new_reply_id
from widgets.models import WidgetTurn
from widgets.services.actions.log import may_look_up
from widgets.services.refusals import count_refusal
from widgets.services.turns.leases import LEASE
from widgets.services.turns.model_messages import load_turn_messages
from widgets.services.turns.waiting import PendingTurn, pending_turns
from widgets.types import TurnState


def claim_turns(session_ids: Sequence[uuid.UUID], *, owner: uuid.UUID) -> list[PendingTurn | None]:
    """Claim the oldest waiting turn of each session, unless one of its turns is already running."""
    # No transaction is needed, because one conditional UPDATE decides.
    turns = pending_turns(session_ids=session_ids)
    taken = _take(_next_of_each(turns), owner)
    waiting = {(turn.session_id, turn.seq) for turn in turns}
    claimed = {turn.session_id: turn for turn in claimed_turns(taken, waiting, owner=owner)}
    return [claimed.get(session_id) for session_id in session_ids]


def claimed_turns(
    turns: Sequence[PendingTurn],
    waiting: Container[tuple[uuid.UUID, int]] = (),
    *,
    owner: uuid.UUID,
) -> list[PendingTurn]:
    """Return turns, of different sessions, as running turns of `owner`.

    `waiting`: see load_turn_messages.
    """
    if not turns:
        return []
    told = load_turn_messages(turns=turns, waiting=waiting)
    agents = find_agents({turn.agent_id for turn in turns})
    return [
        replace(
            turn,
            owner=owner,
            reply_id=str(new_reply_id(answers=uuid.UUID(turn.message_id))),
            agent=agents.get(turn.agent_id),
            messages=told[turn.turn_id].messages,
            replaces=told[turn.turn_id].earlier_answer,
        )
        for turn in turns
    ]


Beginning = tuple[LoadedReply | ApplicationError, Reservation | None]


def begin_turns(turns: Sequence[PendingTurn]) -> list[Beginning | Exception]:
    """Call `begin_turn` for each turn in order; an exception becomes that turn's result."""
    begun: list[Beginning | Exception] = []
    for turn in turns:
        try:
            begun.append(begin_turn(turn))
        except Exception as error:  # noqa: BLE001 - the tokens of those before are set aside
            begun.append(error)
    return begun


def begin_turn(turn: PendingTurn) -> Beginning:
    """Return the request to the model with its tokens reserved, or the error that prevents it.

    Call it outside of transactions.
    """
    try:
        loaded = reply_request(
            turn.agent,
            messages=turn.messages,
            page=turn.page,
            language=turn.language,
            key=turn.widget_id,
            can_ask_person=turn.can_ask_person,
            can_confirm=turn.can_confirm,
        )
        if loaded.request.actions and not may_look_up(turn.session_id):
            others = tuple(spec for spec in loaded.request.actions if spec.risk != "read")
            loaded = replace(loaded, request=replace(loaded.request, actions=others))
        return loaded, reserve_tokens(loaded=loaded)
    except ApplicationError as error:
        count_refusal(widget_id=turn.widget_id, limit=error.limit)
        return error, None


def _next_of_each(turns: Sequence[PendingTurn]) -> list[PendingTurn]:
    """Return the oldest turn of each session in which none is running, in the order of `turns`."""
    busy = {turn.session_id for turn in turns if turn.state == TurnState.RUNNING}
    oldest: dict[uuid.UUID, PendingTurn] = {}
    for turn in turns:
        if turn.session_id not in busy:
            oldest.setdefault(turn.session_id, turn)
    return list(oldest.values())


def _take(turns: Sequence[PendingTurn], owner: uuid.UUID) -> list[PendingTurn]:
    """Return those of these waiting turns that this process claimed before any other did."""
    if not turns:
        return []
    rows = WidgetTurn.objects.filter(id__in=[turn.turn_id for turn in turns])
    try:
        taken = rows.filter(state=TurnState.WAITING).update(
            state=TurnState.RUNNING,
            owner=owner,
            lease_until=timezone.now() + LEASE,
            attempts=F("attempts") + 1,
        )
    except IntegrityError:
        # One of the sessions already has a running turn. The caller retries a batch item by item.
        if len(turns) > 1:
            raise
        return []
    if taken == len(turns):
        return list(turns)
    ours = set(rows.filter(state=TurnState.RUNNING, owner=owner).values_list("id", flat=True))
    return [turn for turn in turns if turn.turn_id in ours]
