"""Turns in the database: claimed, kept alive by a lease, finished, found again after a crash."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from loquent.agents.backends.base import ChatMessage
from loquent.agents.services import (
    LoadedReply,
    Reservation,
    load_reply_request,
    reserve_tokens,
    settle_tokens,
)
from loquent.errors import ApplicationError
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.chat import append_message, message_data
from widgets.services.identifiers import new_reply_id
from widgets.services.model_messages import load_turn_messages
from widgets.services.pages import page_for_agent
from widgets.services.refusals import note_refusal
from widgets.services.regeneration import replace_answer, stands
from widgets.types import MessageData, MessageRole, MessageStatus, SourceData, TurnState

# A process renews its leases every second; one that misses three is taken for dead.
LEASE = timedelta(seconds=4)
RENEW_SECONDS = 1.0
MAX_ATTEMPTS = 2


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


@dataclass(slots=True)
class Outcome:
    """How an answer ended; times in milliseconds from the turn's beginning."""

    content: str = ""
    status: str = MessageStatus.COMPLETE.value
    sources: list[SourceData] = field(default_factory=list)
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None


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


def claim_next_turn(*, session_id: uuid.UUID, owner: uuid.UUID) -> ClaimedTurn | None:
    """Take the oldest waiting turn of a session, unless one is running in any process."""
    turns = WidgetTurn.objects.filter(session_id=session_id)
    with transaction.atomic():
        waiting = (
            turns.filter(state=TurnState.WAITING)
            .select_related("message", "session__widget")
            .order_by("message__seq")
            .first()
        )
        if waiting is None or turns.filter(state=TurnState.RUNNING).exists():
            return None
        try:
            with transaction.atomic():
                claimed = turns.filter(id=waiting.id, state=TurnState.WAITING).update(
                    state=TurnState.RUNNING,
                    owner=owner,
                    lease_until=timezone.now() + LEASE,
                    attempts=waiting.attempts + 1,
                )
        except IntegrityError:
            claimed = 0
    if not claimed:
        return None
    told = load_turn_messages(turn=waiting)
    reply, reservation = _load_reply(waiting, told.messages)
    return ClaimedTurn(
        turn_id=waiting.id,
        session_id=session_id,
        message_id=str(waiting.message_id),
        client_message_id=waiting.message.client_message_id,
        reply_id=str(new_reply_id(answers=waiting.message_id)),
        owner=owner,
        reply=reply,
        reservation=reservation,
        replaces=None if told.earlier_answer is None else told.earlier_answer.id,
    )


def _load_reply(
    turn: WidgetTurn, messages: list[ChatMessage]
) -> tuple[LoadedReply | ApplicationError, Reservation | None]:
    widget = turn.session.widget
    try:
        loaded = load_reply_request(
            agent_id=widget.text_agent_id,
            messages=messages,
            page=page_for_agent(turn.session),
            key=widget.widget_id,
        )
        return loaded, reserve_tokens(loaded=loaded)
    except ApplicationError as error:
        note_refusal(widget_id=widget.widget_id, limit=error.limit)
        return error, None


def finish_turn(*, turn: ClaimedTurn, outcome: Outcome) -> MessageData | None:
    """Write the answer and end the turn, all or nothing.

    None where nothing was written: an outcome without text, a session that is gone, a turn that
    another process has taken over (then its answer counts, not this one), or an earlier answer
    that stands.
    """
    failed = outcome.status == MessageStatus.FAILED
    with transaction.atomic():
        row = _write_answer(turn, outcome)
        # Last: the organization's row is locked until the end of the transaction.
        settle_tokens(
            reservation=turn.reservation,
            input_tokens=outcome.input_tokens,
            output_tokens=outcome.output_tokens,
            answer=outcome.content or (None if failed else ""),
        )
    return None if row is None else message_data(row)


def _write_answer(turn: ClaimedTurn, outcome: Outcome) -> WidgetMessage | None:
    session = (
        WidgetSession.objects.select_for_update(of=("self",)).filter(id=turn.session_id).first()
    )
    ended, _ = WidgetTurn.objects.filter(
        id=turn.turn_id, owner=turn.owner, state=TurnState.RUNNING
    ).delete()
    if session is None:
        return None
    if not ended:
        # Either another process has the turn, or the answer was written and the database went
        # away before it could say so.
        return WidgetMessage.objects.filter(id=turn.reply_id).first()
    fields: dict[str, Any] = {
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
    earlier = turn.replaces and WidgetMessage.objects.filter(id=turn.replaces).first()
    if earlier:
        if stands(earlier, against=outcome.status, content=outcome.content):
            return None
        return replace_answer(session, earlier, **fields)
    if not outcome.content:
        _note_unanswered(turn, outcome.status)
        return None
    return append_message(
        session, role=MessageRole.ASSISTANT, reply_to_id=uuid.UUID(turn.message_id), **fields
    )


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
