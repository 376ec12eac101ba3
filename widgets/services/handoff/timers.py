"""Fire the timers of conversations. They are in the database, so a restart only delays them."""

import logging
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from widgets.models import WidgetSession
from widgets.models.team import EventKind
from widgets.services.handoff.change import Actor, Conversation, after, changing
from widgets.services.handoff.presence import PRESENT, is_present
from widgets.services.handoff.staff import release_locked, resolve_locked
from widgets.services.notify.queue import note_reminder
from widgets.team_types import Timer, WorkStatus

logger = logging.getLogger(__name__)
AT_ONCE = 200
CLOCK = Actor()


def fire_due_timers() -> int:
    """Fire the timers that are due; return how many. Each fires once, in one process."""
    # Timers that only a newer version knows are left to it.
    due = WidgetSession.objects.filter(due_at__lte=timezone.now(), due_kind__in=Timer.values)
    due = due.order_by("due_at")
    fired = 0
    for session_id in due.values_list("id", flat=True)[:AT_ONCE]:
        try:
            fired += _fire(session_id)
        except Exception as error:  # noqa: BLE001 - those behind it must not wait; tried again
            logger.warning("A timer could not be fired: %s", type(error).__name__)
    return fired


def _fire(session_id: uuid.UUID) -> bool:
    with transaction.atomic():
        # Skipped if another process fires it, or someone writes in it: then it is still due later.
        rows = WidgetSession.objects.select_for_update(of=("self",), skip_locked=True)
        due = rows.filter(id=session_id, due_at__lte=timezone.now(), due_kind__in=Timer.values)
        if not due.exists():
            return False
        with changing(session_id) as conversation:
            kind = conversation.session.due_kind
            conversation.set(due_at=None, due_kind="")
            if conversation.session.ended_at is None:
                _act(conversation, kind)
    return True


def _act(conversation: Conversation, kind: str) -> None:
    limits = settings.LIMITS
    match kind:
        case Timer.W1 if conversation.is_team_there():
            conversation.say("w1")
            conversation.log(EventKind.W1, CLOCK)
            if limits.handoff_w2_seconds:
                seconds = max(limits.handoff_w2_seconds - limits.handoff_w1_seconds, 1)
                _set_timer(conversation, seconds, Timer.W2)
        case Timer.W1 | Timer.W2:
            # Out of hours the choice comes at once: waiting longer would not help.
            conversation.say("w2")
            conversation.log(EventKind.W2, CLOCK)
            note_reminder(conversation.session)
        case Timer.H1:
            opening = None if conversation.is_team_there() else conversation.next_opening()
            member = conversation.session.assignee
            if member is not None and is_present(member):
                # They are at it; look again once they would not be present any more.
                _set_timer(conversation, PRESENT.total_seconds(), Timer.H1)
            elif opening is not None:
                # No one is late out of hours.
                at, name = after(opening, limits.handoff_h1_seconds, Timer.H1)
                conversation.set(due_at=at, due_kind=name)
            else:
                release_locked(conversation, actor=CLOCK, says="h1")
        case Timer.A1:
            _resolve_if_quiet(conversation, limits.handoff_a1_seconds)
        case Timer.SNOOZE:
            conversation.set(status=WorkStatus.OPEN.value, snoozed_until=None)
            conversation.free_if_away()
            conversation.start_timer()
            conversation.log(EventKind.WOKEN, CLOCK)


def _resolve_if_quiet(conversation: Conversation, seconds: float) -> None:
    """Resolve a conversation in which nothing happened for so long, or look again later.

    A visitor whose last question has no answer still waits, if only for the agent.
    """
    quiet_at = conversation.session.last_active_at + timedelta(seconds=seconds)
    if quiet_at > conversation.now:
        conversation.set(due_at=quiet_at, due_kind=Timer.A1.value)
    elif conversation.unanswered().exists():
        _set_timer(conversation, seconds, Timer.A1)
    else:
        resolve_locked(conversation, actor=CLOCK, asks=False)


def _set_timer(conversation: Conversation, seconds: float, kind: Timer) -> None:
    at, name = after(conversation.now, seconds, kind)
    conversation.set(due_at=at, due_kind=name)
