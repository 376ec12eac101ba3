"""Regenerate the latest answer."""

import uuid

from django.db import transaction
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode
from widgets.identifiers import is_reply_id
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.actions.log import is_about_action
from widgets.services.attention import after_answer
from widgets.services.daily_cap import daily_cap, use_daily_message
from widgets.services.rate_limits import charge_message
from widgets.services.turns.locking import check_may_write, lock_session
from widgets.team_types import Handler
from widgets.types import FINISHED, MessageRole, MessageStatus


def regenerate_answer(*, session_id: uuid.UUID, message_id: str, ip: str) -> str:
    """Queue another turn for the visitor's latest message; return that message's id.

    `message_id` names the latest answer, which is then the session's newest message. If the turn
    left no answer, it is the id of the visitor's message, or the id reserved for the answer. It
    counts like a message. Raises `forbidden` for any other id or an ended chat, `busy` while a turn
    waits or runs, `contact_info_required`, `rate_limited`, `daily_cap_reached`; in these cases
    nothing has changed, and the earlier answer is kept.
    """
    # Rate limits may wait for Redis, so charge them before locking any row.
    charge = charge_message(session_key=str(session_id), ip=ip)
    try:
        return str(_queue_again(session_id, message_id, charge.refusal))
    except BaseException:
        charge.give_back()
        raise


def _queue_again(
    session_id: uuid.UUID, message_id: str, refusal: ApplicationError | None
) -> uuid.UUID:
    with transaction.atomic():
        session = lock_session(session_id)
        unfinished = WidgetTurn.objects.filter(session=session).count()
        check_may_write(
            is_over=session.ended_at is not None or not session.widget.enabled,
            contact_info_mode=session.widget.contact_info_mode,
            has_contact_info=session.contact_claim is not None,
            unfinished=unfinished,
        )
        if unfinished:
            raise ApplicationError(ErrorCode.BUSY, "Please wait for the answer being written.")
        question_id = _question_of(session, message_id)
        if question_id is None or session.handler != Handler.AGENT:
            raise ApplicationError(
                ErrorCode.FORBIDDEN, "Only the latest answer of this chat can be regenerated."
            )
        if refusal is not None:
            raise refusal
        use_daily_message(cap=daily_cap(session.widget))
        # Only clients that can confirm changes can ask for another answer.
        WidgetTurn.objects.create(session=session, message_id=question_id, can_confirm=True)
        # The new turn's outcome replaces that of the previous one: failing again at the same
        # question is no second failure.
        WidgetMessage.objects.filter(id=question_id).exclude(turn_status="").update(turn_status="")
        WidgetSession.objects.filter(id=session.id).update(
            last_active_at=timezone.now(), outcome=""
        )
    return question_id


def _question_of(session: WidgetSession, message_id: str) -> uuid.UUID | None:
    """Return the visitor's message whose answer may be regenerated under this id."""
    try:
        named = uuid.UUID(message_id)
    except ValueError:
        return None
    rows = WidgetMessage.objects.filter(session=session).order_by("-seq")
    newest = rows.first()
    if newest is not None and is_about_action(newest):
        # What was carried out, or is being carried out, stays on record.
        return None
    if newest is not None and newest.id == named and MessageRole(newest.role).is_answer:
        return newest.reply_to_id
    question = rows.filter(role=MessageRole.USER).first()
    if question is None or not (named == question.id or is_reply_id(named, answers=question.id)):
        return None
    is_answered = rows.filter(role=MessageRole.ASSISTANT, reply_to=question).exists()
    return None if is_answered else question.id


def keeps_earlier_answer(earlier: WidgetMessage, *, status: str, content: str) -> bool:
    """Return whether to keep the earlier answer after a new attempt with this status and text.

    It is kept if the attempt wrote nothing, or if it failed and the earlier answer is finished.
    """
    return not content or (status == MessageStatus.FAILED and earlier.status in FINISHED)


def replace_answer(
    session: WidgetSession, answer: WidgetMessage, **fields: object
) -> WidgetMessage:
    """Replace an answer under its `seq`; the caller has locked the session.

    The earlier answer is deleted together with its rating.
    """
    now = timezone.now()
    WidgetMessage.objects.filter(id=answer.id).delete()
    row = WidgetMessage(
        session=session,
        seq=answer.seq,
        role=MessageRole.ASSISTANT,
        reply_to_id=answer.reply_to_id,
        created_at=now,
    )
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    WidgetSession.objects.filter(id=session.id).update(
        last_active_at=now,
        last_answer_status=row.status,
        outcome=row.outcome,
        attention=after_answer(session.attention, row.outcome),
    )
    return row
