"""Write answers and end their turns, in batches under load."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from loquent.agents.persons import asks_for_person
from loquent.agents.services import settle_tokens
from loquent.db.compiled import PreparedQuery, insert_rows
from loquent.webhooks.services.events import record_events
from loquent.webhooks.types import NewEvent
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.actions.log import action_data, log_calls
from widgets.services.attention import after_answer
from widgets.services.events import failed_answer_event, message_events
from widgets.services.history import append_message, message_data
from widgets.services.turns.handing_over import Before, Outcome, hand_over_after
from widgets.services.turns.locking import locked_sessions
from widgets.services.turns.regenerate import keeps_earlier_answer, replace_answer
from widgets.services.turns.waiting import PendingTurn
from widgets.types import (
    UNHELPFUL,
    AnswerOutcome,
    MessageData,
    MessageRole,
    TurnState,
)

_sessions = PreparedQuery(
    lambda ids: locked_sessions(ids).values_list(
        "id", "last_seq", "outcome", "attention", "last_answer_status"
    )
)
_turns = PreparedQuery(
    lambda ids: (
        WidgetTurn.objects.select_for_update()
        .filter(session_id__in=ids)
        .order_by("id")
        .values_list("id", "session_id", "state", "owner")
    )
)


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a turn. `more`: other turns of the session are waiting.

    `answer` is None if nothing was written: the outcome has no text, the session is deleted,
    another process has taken over the turn (and its answer counts), or an earlier answer is kept.
    `has_line`: a transition wrote a line behind the answer.
    """

    answer: MessageData | None
    more: bool
    has_line: bool = False


def finish_turns(ended: Sequence[tuple[PendingTurn, Outcome]]) -> list[Finished]:
    """Write answers, each of another session, and end their turns, all or nothing."""
    with transaction.atomic():
        sessions = _sessions([turn.session_id for turn, _ in ended])
        last_seqs = {row[0]: row[1] for row in sessions}
        before = {row[0]: Before(*row[2:]) for row in sessions}
        ours, waiting = _end_turns(turn for turn, _ in ended)
        rows: dict[uuid.UUID, WidgetMessage | None] = {}
        plain: list[tuple[PendingTurn, Outcome]] = []
        for turn, outcome in ended:
            if turn.session_id not in last_seqs:
                continue
            if turn.turn_id not in ours:
                # Either another process has the turn, or the answer was written but the database
                # connection was lost before the confirmation.
                rows[turn.turn_id] = WidgetMessage.objects.filter(id=turn.reply_id).first()
            elif turn.replaces is None and outcome.content:
                plain.append((turn, outcome))
            else:
                rows[turn.turn_id] = _write_answer(turn, outcome)
        rows |= _append_answers(plain, last_seqs, before)
        log_calls(
            (
                turn.session_id,
                rows.get(turn.turn_id),
                outcome.calls,
                outcome.proposal if turn.turn_id in ours else None,
            )
            for turn, outcome in ended
            if turn.session_id in last_seqs
        )
        record_events(
            [event for turn, outcome in ended for event in _events(turn, outcome, rows, ours)]
        )
        told = {
            turn.session_id
            for turn, outcome in ended
            if turn.turn_id in ours
            and hand_over_after(turn, outcome, earlier=before[turn.session_id])
        }
        # Settled last, because it locks the organization's row until the transaction ends.
        for _, outcome in ended:
            settle_tokens(reservation=outcome.reservation, **outcome.counts)
    found = [(turn, rows.get(turn.turn_id)) for turn, _ in ended]
    return [
        Finished(
            None if row is None else message_data(row),
            more=turn.session_id in waiting,
            has_line=turn.session_id in told,
        )
        for turn, row in found
    ]


def _events(
    turn: PendingTurn,
    outcome: Outcome,
    rows: dict[uuid.UUID, WidgetMessage | None],
    ours: set[uuid.UUID],
) -> list[NewEvent]:
    """Return the webhook events of a turn that has ended here."""
    if turn.webhooks_of is None or turn.turn_id not in ours or turn.turn_id not in rows:
        return []
    row = rows[turn.turn_id]
    if row is not None:
        return message_events(row, organization_id=turn.webhooks_of, widget_id=turn.widget_id)
    if outcome.kind != AnswerOutcome.FAILED:
        return []
    return [
        failed_answer_event(
            session_id=turn.session_id,
            message_id=turn.message_id,
            seq=turn.seq,
            organization_id=turn.webhooks_of,
            widget_id=turn.widget_id,
        )
    ]


def _end_turns(turns: Iterable[PendingTurn]) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Delete the turns that still belong to their claimants.

    Returns their ids, and the sessions in which turns wait. The caller has locked the sessions, so
    that a later message finds none of these turns running.
    """
    owners = {turn.turn_id: (turn.owner, turn.session_id) for turn in turns}
    ours: set[uuid.UUID] = set()
    waiting: set[uuid.UUID] = set()
    found = _turns({session_id for _, session_id in owners.values()})
    for turn_id, session_id, state, owner in found:
        if state == TurnState.WAITING:
            waiting.add(session_id)
        elif owners.get(turn_id) == (owner, session_id):
            ours.add(turn_id)
    if ours:
        WidgetTurn.objects.filter(id__in=ours).delete()
    return ours, waiting


def _append_answers(
    ended: Sequence[tuple[PendingTurn, Outcome]],
    last_seqs: dict[uuid.UUID, int],
    before: Mapping[uuid.UUID, Before],
) -> dict[uuid.UUID, WidgetMessage | None]:
    """Append each session's answer; return the messages by turn id. `before`: by session id."""
    now = timezone.now()
    rows: dict[uuid.UUID, WidgetMessage | None] = {}
    by_end: dict[tuple[str, str, int], list[uuid.UUID]] = defaultdict(list)
    for turn, outcome in ended:
        earlier = before[turn.session_id]
        rows[turn.turn_id] = WidgetMessage(
            session_id=turn.session_id,
            seq=last_seqs[turn.session_id] + 1,
            role=MessageRole.ASSISTANT,
            created_at=now,
            reply_to_id=uuid.UUID(turn.message_id),
            **_columns(turn, outcome, earlier.outcome),
        )
        attention = after_answer(earlier.attention, outcome.kind)
        by_end[outcome.status, outcome.kind, attention].append(turn.session_id)
    insert_rows([row for row in rows.values() if row is not None])
    for (status, kind, attention), session_ids in by_end.items():
        WidgetSession.objects.filter(id__in=session_ids).update(
            last_seq=F("last_seq") + 1,
            last_active_at=now,
            last_answer_status=status,
            outcome=kind,
            attention=attention,
        )
    return rows


def _write_answer(turn: PendingTurn, outcome: Outcome) -> WidgetMessage | None:
    """Write the answer of a turn that has an earlier one, or no text; its session is locked."""
    session = WidgetSession.objects.get(id=turn.session_id)
    fields = _columns(turn, outcome)
    earlier = turn.replaces and WidgetMessage.objects.filter(id=turn.replaces).first()
    if earlier:
        if keeps_earlier_answer(earlier, status=outcome.status, content=outcome.content):
            return None
        return replace_answer(session, earlier, **fields)
    if not outcome.content:
        if not outcome.wants_person:
            _note_unanswered(turn, outcome, session)
        return None
    return append_message(
        session, role=MessageRole.ASSISTANT, reply_to_id=uuid.UUID(turn.message_id), **fields
    )


def _columns(turn: PendingTurn, outcome: Outcome, earlier: str = "") -> dict[str, Any]:
    is_second_failure = outcome.kind in UNHELPFUL and earlier in UNHELPFUL
    question = turn.messages[-1].content if turn.messages else ""
    return {
        "card": is_second_failure or asks_for_person(question),
        "id": uuid.UUID(turn.reply_id),
        "content": outcome.content,
        "status": outcome.status,
        "outcome": outcome.kind,
        "cut_reason": outcome.cut_reason,
        "sources": outcome.sources,
        "choices": outcome.choices,
        "action": action_data(outcome.proposal) if outcome.proposal else None,
        "model": outcome.model,
        "input_tokens": outcome.input_tokens,
        "output_tokens": outcome.output_tokens,
        "first_token_ms": outcome.first_token_ms,
        "duration_ms": outcome.duration_ms,
    }


def _note_unanswered(turn: PendingTurn, outcome: Outcome, session: WidgetSession) -> None:
    """Record for staff that this turn ended without text."""
    WidgetMessage.objects.filter(id=turn.message_id).update(turn_status=outcome.status)
    WidgetSession.objects.filter(id=turn.session_id).update(
        last_answer_status=outcome.status,
        outcome=outcome.kind,
        attention=after_answer(session.attention, outcome.kind),
    )
