"""Turns in the database: kept alive by a lease, finished, found again after a crash."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from loquent.agents.services import FREE, Reservation, TokenCounts, settle_tokens
from loquent.db.compiled import PreparedQuery
from widgets.identifiers import new_reply_id
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.chat import append_message, locked_sessions, message_data
from widgets.services.turns.claim import LEASE, ClaimedTurn
from widgets.services.turns.regenerate import keeps_earlier_answer, replace_answer
from widgets.types import MessageData, MessageRole, MessageStatus, SourceData, TurnState

# A process renews its leases every second.
RENEW_SECONDS = 1.0
MAX_ATTEMPTS = 2


@dataclass(slots=True)
class Outcome:
    """How an answer ended; times in milliseconds from the turn's beginning.

    `reservation`: the tokens that were set aside for it. `counts`: those that it used, whatever
    became of the answer.
    """

    content: str = ""
    status: str = MessageStatus.COMPLETE.value
    sources: list[SourceData] = field(default_factory=list)
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    reservation: Reservation | None = None
    counts: TokenCounts = field(default_factory=lambda: FREE)


@dataclass(frozen=True, slots=True)
class Settled:
    """Sessions that have something to run now, and the turns that were ended."""

    to_run: set[uuid.UUID]
    interrupted: list["Interrupted"]


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A turn that died twice. `answer` None: the message keeps the answer that it had before."""

    session_id: uuid.UUID
    message_id: str
    reply_id: str
    answer: MessageData | None


_sessions = PreparedQuery(lambda ids: locked_sessions(ids).values_list("id", "last_seq"))
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
    """A turn's end. `more`: turns of the session are waiting.

    `answer` is None where nothing was written: an outcome without text, a session that is gone, a
    turn that another process has taken over (then its answer counts, not this one), or an earlier
    answer that stands.
    """

    answer: MessageData | None
    more: bool


def finish_turns(ended: Sequence[tuple[ClaimedTurn, Outcome]]) -> list[Finished]:
    """Write answers, each of another session, and end their turns, all or nothing."""
    with transaction.atomic():
        last_seqs = {row[0]: row[1] for row in _sessions([turn.session_id for turn, _ in ended])}
        ours, waiting = _end_turns(turn for turn, _ in ended)
        rows: dict[uuid.UUID, WidgetMessage | None] = {}
        plain: list[tuple[ClaimedTurn, Outcome]] = []
        for turn, outcome in ended:
            if turn.session_id not in last_seqs:
                continue
            if turn.turn_id not in ours:
                # Either another process has the turn, or the answer was written and the database
                # went away before it could say so.
                rows[turn.turn_id] = WidgetMessage.objects.filter(id=turn.reply_id).first()
            elif turn.replaces is None and outcome.content:
                plain.append((turn, outcome))
            else:
                rows[turn.turn_id] = _write_answer(turn, outcome)
        rows |= _append_answers(plain, last_seqs)
        # Last: the organization's row is locked until the end of the transaction.
        for _, outcome in ended:
            settle_tokens(reservation=outcome.reservation, **outcome.counts)
    found = [(turn, rows.get(turn.turn_id)) for turn, _ in ended]
    return [
        Finished(None if row is None else message_data(row), more=turn.session_id in waiting)
        for turn, row in found
    ]


def _end_turns(turns: Iterable[ClaimedTurn]) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Delete those that are still their claimants'.

    Gives the ids of these, and the sessions in which turns wait: the caller has locked them, so
    that a message which comes later finds none of these turns running.
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
    ended: Sequence[tuple[ClaimedTurn, Outcome]], last_seqs: dict[uuid.UUID, int]
) -> dict[uuid.UUID, WidgetMessage | None]:
    """The next message of each session; by the id of its turn."""
    now = timezone.now()
    rows: dict[uuid.UUID, WidgetMessage | None] = {}
    by_status: dict[str, list[uuid.UUID]] = defaultdict(list)
    for turn, outcome in ended:
        rows[turn.turn_id] = WidgetMessage(
            session_id=turn.session_id,
            seq=last_seqs[turn.session_id] + 1,
            role=MessageRole.ASSISTANT,
            created_at=now,
            reply_to_id=uuid.UUID(turn.message_id),
            **_columns(turn, outcome),
        )
        by_status[outcome.status].append(turn.session_id)
    WidgetMessage.objects.bulk_create([row for row in rows.values() if row is not None])
    for status, session_ids in by_status.items():
        WidgetSession.objects.filter(id__in=session_ids).update(
            last_seq=F("last_seq") + 1, last_active_at=now, last_answer_status=status
        )
    return rows


def _write_answer(turn: ClaimedTurn, outcome: Outcome) -> WidgetMessage | None:
    """The answer of a turn that has an earlier one, or no text; its session is locked."""
    session = WidgetSession.objects.get(id=turn.session_id)
    fields = _columns(turn, outcome)
    earlier = turn.replaces and WidgetMessage.objects.filter(id=turn.replaces).first()
    if earlier:
        if keeps_earlier_answer(earlier, status=outcome.status, content=outcome.content):
            return None
        return replace_answer(session, earlier, **fields)
    if not outcome.content:
        _note_unanswered(turn, outcome.status)
        return None
    return append_message(
        session, role=MessageRole.ASSISTANT, reply_to_id=uuid.UUID(turn.message_id), **fields
    )


def _columns(turn: ClaimedTurn, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": uuid.UUID(turn.reply_id),
        "content": outcome.content,
        "status": outcome.status,
        "sources": outcome.sources,
        "model": outcome.model,
        "input_tokens": outcome.input_tokens,
        "output_tokens": outcome.output_tokens,
        "first_token_ms": outcome.first_token_ms,
        "duration_ms": outcome.duration_ms,
    }


def _note_unanswered(turn: ClaimedTurn, status: str) -> None:
    """For staff: this turn ended without a word."""
    WidgetMessage.objects.filter(id=turn.message_id).update(turn_status=status)
    WidgetSession.objects.filter(id=turn.session_id).update(last_answer_status=status)


def renew_leases(*, owner: uuid.UUID, running_here: Sequence[uuid.UUID]) -> None:
    """Say that the process `owner` is alive and at the turns of these sessions.

    Not at others: a claim that the database kept, though it could not say so, must run out.
    """
    WidgetTurn.objects.filter(
        owner=owner, state=TurnState.RUNNING, session_id__in=running_here
    ).update(lease_until=timezone.now() + LEASE)


def release_turns(*, owner: uuid.UUID) -> None:
    """Hand over what a process that ends was at: others find it at once, as forgotten."""
    WidgetTurn.objects.filter(owner=owner, state=TurnState.RUNNING).update(
        state=TurnState.WAITING, owner=None, updated_at=timezone.now() - 2 * LEASE
    )


def settle_orphans(*, running_here: Sequence[uuid.UUID], owner: uuid.UUID) -> Settled:
    """Turns whose process died: wait to be run once more, or end as `interrupted`.

    `running_here` are the sessions whose turns this process, `owner`, is at: those are no orphans.
    Without Redis it is the only process, and for the turns of others there is no lease to wait for.
    """
    now = timezone.now()
    is_orphan = Q(lease_until__lt=now)
    if not settings.REDIS_URL:
        is_orphan |= ~Q(owner=owner)
    orphans = WidgetTurn.objects.filter(is_orphan, state=TurnState.RUNNING).exclude(
        session_id__in=running_here
    )
    again = orphans.filter(attempts__lt=MAX_ATTEMPTS)
    to_run = set(again.values_list("session_id", flat=True))
    again.update(state=TurnState.WAITING, owner=None)
    interrupted = [_interrupt(turn) for turn in orphans.filter(attempts__gte=MAX_ATTEMPTS)]
    forgotten = WidgetTurn.objects.filter(
        state=TurnState.WAITING, updated_at__lt=now - LEASE
    ).exclude(session_id__in=running_here)
    to_run |= set(forgotten.values_list("session_id", flat=True))
    return Settled(to_run, [ended for ended in interrupted if ended is not None])


def _interrupt(turn: WidgetTurn) -> Interrupted | None:
    with transaction.atomic():
        session = WidgetSession.objects.select_for_update(of=("self",)).get(id=turn.session_id)
        ended, _ = WidgetTurn.objects.filter(
            id=turn.id, owner=turn.owner, state=TurnState.RUNNING, lease_until=turn.lease_until
        ).delete()
        if not ended:
            return None
        reply_id = new_reply_id(answers=turn.message_id)
        row = None
        if not WidgetMessage.objects.filter(session=session, reply_to=turn.message_id).exists():
            row = append_message(
                session,
                id=reply_id,
                role=MessageRole.ASSISTANT,
                content="",
                status=MessageStatus.INTERRUPTED,
                reply_to_id=turn.message_id,
            )
    return Interrupted(
        session_id=session.id,
        message_id=str(turn.message_id),
        reply_id=str(reply_id),
        answer=None if row is None else message_data(row),
    )
