"""Record what agents call and propose in conversations."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from loquent.agents.actions.records import CallRecord, Proposal
from loquent.agents.models import AgentAction
from widgets.action_types import ActionData, ActionStatus, CallEnd
from widgets.models import ActionCall, WidgetMessage, WidgetTurn
from widgets.types import TurnState

# How long a visitor has to confirm a change.
CONFIRM_MINUTES = 5
MAX_REASON = 300
# Order numbers can be guessed: after so many refused lookups per hour there are no more.
MAX_WRONG = 5
END_FIELDS = ("outcome", "http_status", "duration_ms", "reason", "updated_at")
PROCESS_ENDED = "The server stopped before the end of this call was recorded."
TurnLog = tuple[uuid.UUID, WidgetMessage | None, Sequence[CallRecord], Proposal | None]


def action_data(proposal: Proposal) -> ActionData:
    """Return a new proposal as sockets use it. Its id is the confirmation's."""
    return ActionData(
        id=str(uuid.uuid4()),
        title=proposal.title,
        arguments=proposal.arguments,
        status=ActionStatus.WAITING.value,
    )


def log_calls(turns: Iterable[TurnLog]) -> None:
    """Write the calls of turns that end: session, answer, calls, and the change it proposes.

    Call it in the transaction that writes the answers. Calls that `log_begin` wrote get their end.
    """
    rows: list[ActionCall] = []
    for session_id, answer, calls, proposal in turns:
        rows += [_lookup(session_id, call) for call in calls]
        if proposal is not None and answer is not None and answer.action:
            rows.append(_waiting(session_id, answer, proposal))
    if not rows:
        return
    _forget_deleted_actions(rows)
    ActionCall.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=END_FIELDS
    )


def log_begin(*, session_id: uuid.UUID, call: CallRecord) -> None:
    """Write a lookup that is about to be sent, without an end."""
    row = _lookup(session_id, call)
    row.outcome, row.reason, row.duration_ms = "", "", None
    _forget_deleted_actions([row])
    row.save(force_insert=True)


def interrupt_lookups(session_ids: Collection[uuid.UUID]) -> None:
    """End the lookups of these sessions whose turn no longer runs: their process died."""
    running = WidgetTurn.objects.filter(session=OuterRef("session"), state=TurnState.RUNNING)
    lost = ActionCall.objects.filter(session_id__in=session_ids, status="", outcome="")
    lost.filter(~Exists(running)).update(
        outcome=CallEnd.INTERRUPTED, reason=PROCESS_ENDED, updated_at=timezone.now()
    )


def may_look_up(session_id: uuid.UUID) -> bool:
    """Return whether lookups of this session may continue: it has not guessed wrong too often."""
    since = timezone.now() - timedelta(hours=1)
    wrong = ActionCall.objects.filter(
        session_id=session_id, status="", outcome="failed", created_at__gte=since
    )
    return wrong.filter(http_status__gte=400, http_status__lt=500).count() < MAX_WRONG


def is_about_action(message: WidgetMessage) -> bool:
    """Return whether a message confirms a change, or says how it went."""
    rows = ActionCall.objects.filter(session_id=message.session_id)
    is_confirmed = Q(message=message, status=ActionStatus.CONFIRMED)
    return rows.filter(is_confirmed | Q(result=message)).exists()


def _forget_deleted_actions(rows: Sequence[ActionCall]) -> None:
    """Remove the references to actions that were deleted since: they are only named."""
    wanted = {row.action_id for row in rows if row.action_id}
    there = set(AgentAction.objects.filter(id__in=wanted).values_list("id", flat=True))
    for row in rows:
        row.action_id = row.action_id if row.action_id in there else None


def _lookup(session_id: uuid.UUID, call: CallRecord) -> ActionCall:
    return ActionCall(
        id=uuid.UUID(call.id),
        session_id=session_id,
        action_id=uuid.UUID(call.action_id) if call.action_id else None,
        name=call.name,
        title=call.title,
        risk=call.risk,
        arguments=call.arguments,
        digest=call.digest,
        outcome=call.outcome,
        http_status=call.status,
        duration_ms=None if call.outcome == "interrupted" else call.duration_ms,
        reason=call.reason[:MAX_REASON],
    )


def _waiting(session_id: uuid.UUID, answer: WidgetMessage, proposal: Proposal) -> ActionCall:
    return ActionCall(
        id=uuid.UUID((answer.action or {})["id"]),
        session_id=session_id,
        message=answer,
        action_id=uuid.UUID(proposal.action_id),
        name=proposal.name,
        title=proposal.title,
        risk=AgentAction.Risk.WRITE,
        arguments=proposal.arguments,
        digest=proposal.digest,
        language=proposal.language,
        status=ActionStatus.WAITING,
        expires_at=timezone.now() + timedelta(minutes=CONFIRM_MINUTES),
    )
