"""Confirm, carry out and settle the changes that agents propose: at most once each.

The transaction that confirms a row is the only way to a call. A call whose end is not known is
never repeated; the visitor and staff are told so.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from loquent.agents.actions.arguments import digest_of
from loquent.agents.actions.results import CallResult
from loquent.agents.actions.spec import ActionSpec
from loquent.agents.models import AgentAction
from loquent.agents.services.actions import spec_of, told_result
from loquent.errors import ApplicationError, ErrorCode
from widgets.action_types import ActionStatus
from widgets.identifiers import new_reply_id
from widgets.models import ActionCall, WidgetMessage
from widgets.services.actions.log import MAX_REASON
from widgets.services.events import note_message
from widgets.services.history import append_message, message_data
from widgets.services.turns.locking import lock_session, session_ended_error
from widgets.types import AnswerOutcome, MessageData, MessageRole

# Longer than a call and all attempts to write its result.
LOST_SECONDS = 45
AT_ONCE = 100
ACTION_CHANGED = "The action was changed, turned off or deleted before the visitor confirmed it."
STOPPED = "The server stopped during the call, so its outcome is not known. It is not repeated."


@dataclass(frozen=True, slots=True)
class ClaimedAction:
    """A confirmed change, which only the process that holds this may carry out, once."""

    id: uuid.UUID
    session_id: uuid.UUID
    message_id: str
    reply_id: str
    spec: ActionSpec
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Decided:
    """The message with its new status. `claimed`: what to carry out; None: nothing.

    `is_refused`: the visitor confirmed, but too late, or the action has changed.
    """

    message: MessageData
    claimed: ClaimedAction | None = None
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class EndedAction:
    """The end of a change, and the message that says how it went."""

    session_id: uuid.UUID
    message_id: str
    answer: MessageData


def decide_action(
    *, session_id: uuid.UUID, action_id: str, confirm: bool, owner: uuid.UUID
) -> Decided:
    """Confirm or decline a waiting change of this session.

    Raises `forbidden` if there is none with this id, or it was decided already.
    """
    with transaction.atomic():
        session = lock_session(session_id)
        if session.ended_at is not None or not session.widget.enabled:
            raise session_ended_error()
        call = _waiting_call(session_id, action_id)
        if call is None:
            raise spent_error()
        now = timezone.now()
        spec = _current_spec(call, session.widget.text_agent_id)
        if call.expires_at is None or call.expires_at <= now or (confirm and spec is None):
            call.reason = ACTION_CHANGED if spec is None else ""
            return Decided(_set_status(call, ActionStatus.EXPIRED), is_refused=True)
        if not confirm or spec is None:
            return Decided(_set_status(call, ActionStatus.DECLINED))
        call.started_at, call.owner = now, owner
        message = _set_status(call, ActionStatus.CONFIRMED)
        claimed = ClaimedAction(
            id=call.id,
            session_id=session_id,
            message_id=message.id,
            reply_id=str(new_reply_id(answers=uuid.UUID(message.id))),
            spec=spec,
            arguments=call.arguments,
        )
        return Decided(message, claimed)


def spent_error() -> ApplicationError:
    """Return the refusal of a confirmation that is not, or no longer, good."""
    return ApplicationError(ErrorCode.FORBIDDEN, "This can no longer be confirmed.")


def finish_action(
    *, call_id: uuid.UUID, session_id: uuid.UUID, result: CallResult, reply_id: str = ""
) -> EndedAction | None:
    """Write how a confirmed change ended, with a message; None if that is written already."""
    with transaction.atomic():
        session = lock_session(session_id)
        call = (
            ActionCall.objects.select_for_update(of=("self",))
            .filter(id=call_id, session=session, status=ActionStatus.CONFIRMED, outcome="")
            .first()
        )
        if call is None:
            return None
        is_good = result.outcome == "succeeded"
        asked = WidgetMessage.objects.filter(id=call.message_id or uuid.UUID(int=0))
        row = append_message(
            session,
            id=uuid.UUID(reply_id) if reply_id else new_reply_id(answers=call.id),
            role=MessageRole.ASSISTANT,
            content=told_result(result, title=call.title, language=call.language),
            outcome=(AnswerOutcome.ANSWERED if is_good else AnswerOutcome.FAILED).value,
            reply_to_id=asked.values_list("reply_to_id", flat=True).first(),
        )
        call.outcome, call.http_status = result.outcome, result.status
        call.duration_ms, call.reason = result.duration_ms, result.reason[:MAX_REASON]
        call.result = row
        call.save(
            update_fields=[
                "outcome", "http_status", "duration_ms", "reason", "result", "updated_at",
            ]
        )  # fmt: skip
        note_message(row)
    return EndedAction(session_id, str(call.message_id), message_data(row))


def settle_actions(*, owner: uuid.UUID, running_here: Collection[uuid.UUID]) -> list[EndedAction]:
    """End the changes whose process died during the call: it is not known whether they happened."""
    is_lost = Q(started_at__lt=timezone.now() - timedelta(seconds=LOST_SECONDS))
    if not settings.REDIS_URL:
        # This is the only process.
        is_lost |= ~Q(owner=owner)
    lost = ActionCall.objects.filter(is_lost, status=ActionStatus.CONFIRMED, outcome="")
    found = lost.exclude(id__in=running_here).values_list("id", "session_id")[:AT_ONCE]
    result = CallResult("unknown", reason=STOPPED)
    ended = [
        finish_action(call_id=call_id, session_id=session_id, result=result)
        for call_id, session_id in found
    ]
    return [each for each in ended if each is not None]


def expire_actions() -> list[tuple[uuid.UUID, MessageData]]:
    """End the confirmations that were not given in time; return sessions and changed messages."""
    due = ActionCall.objects.filter(status=ActionStatus.WAITING, expires_at__lte=timezone.now())
    changed = []
    for call_id, session_id in due.values_list("id", "session_id")[:AT_ONCE]:
        with transaction.atomic():
            lock_session(session_id)
            call = _waiting_call(session_id, str(call_id))
            if call is not None:
                changed.append((session_id, _set_status(call, ActionStatus.EXPIRED)))
            else:
                # Its message is gone: another answer has replaced it.
                due.filter(id=call_id, message=None).update(status=ActionStatus.EXPIRED)
    return changed


def _waiting_call(session_id: uuid.UUID, action_id: str) -> ActionCall | None:
    try:
        named = uuid.UUID(action_id)
    except ValueError:
        return None
    rows = ActionCall.objects.select_for_update(of=("self",)).select_related("message")
    return rows.filter(
        id=named, session_id=session_id, status=ActionStatus.WAITING, message__isnull=False
    ).first()


def _current_spec(call: ActionCall, agent_id: uuid.UUID) -> ActionSpec | None:
    """Return the action if it would still do exactly what was proposed."""
    rows = AgentAction.objects.filter(agent=agent_id, enabled=True)
    row = rows.filter(id=call.action_id).first() if call.action_id else None
    spec = spec_of(row) if row is not None else None
    if spec is None or spec.risk != "write" or not spec.is_offered:
        return None
    return spec if digest_of(spec, call.arguments) == call.digest else None


def _set_status(call: ActionCall, status: ActionStatus) -> MessageData:
    call.status = status.value
    call.save(update_fields=["status", "started_at", "owner", "reason", "updated_at"])
    message = cast("WidgetMessage", call.message)
    message.action = {**(message.action or {}), "status": status.value}
    message.save(update_fields=["action", "updated_at"])
    return message_data(message)
