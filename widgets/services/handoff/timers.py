"""Fire the timers of conversations. They are in the database, so a restart only delays them."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from widgets.models import WidgetSession
from widgets.models.team import EventKind
from widgets.services.handoff.change import Actor, Conversation, changing
from widgets.services.handoff.staff import release_locked, resolve_locked
from widgets.team_types import Timer, WorkStatus

AT_ONCE = 50
CLOCK = Actor()


def fire_due_timers() -> int:
    """Fire the timers that are due; return how many. Each fires once, in one process."""
    due = WidgetSession.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    fired = 0
    for session_id in due.values_list("id", flat=True)[:AT_ONCE]:
        fired += _fire(session_id)
    return fired


def _fire(session_id: uuid.UUID) -> bool:
    with transaction.atomic():
        # Skipped if another process fires it, or someone writes in it: then it is still due later.
        rows = WidgetSession.objects.select_for_update(of=("self",), skip_locked=True)
        if not rows.filter(id=session_id, due_at__lte=timezone.now()).exists():
            return False
        with changing(session_id) as conversation:
            kind = conversation.session.due_kind
            conversation.set(due_at=None, due_kind="")
            if conversation.session.ended_at is None:
                _act(conversation, kind)
    return True


def _act(conversation: Conversation, kind: str) -> None:
    opening = conversation.next_opening() if not conversation.is_team_there() else None
    if opening is not None and kind in (Timer.W1, Timer.W2, Timer.H1):
        # No one is late out of hours.
        conversation.set(due_at=opening, due_kind=kind)
        return
    match kind:
        case Timer.W1:
            conversation.say("w1")
            conversation.log(EventKind.W1, CLOCK)
            _offer_later(conversation)
        case Timer.W2:
            conversation.say("w2")
            conversation.log(EventKind.W2, CLOCK)
        case Timer.H1:
            release_locked(conversation, actor=CLOCK, says="h1")
        case Timer.A1:
            resolve_locked(conversation, actor=CLOCK, asks=False)
        case Timer.SNOOZE:
            conversation.set(status=WorkStatus.OPEN.value, snoozed_until=None)
            conversation.start_timer()
            conversation.log(EventKind.WOKEN, CLOCK)


def _offer_later(conversation: Conversation) -> None:
    seconds = settings.LIMITS.handoff_w2_seconds
    since = conversation.session.waiting_since or conversation.now
    if seconds:
        at = max(since + timedelta(seconds=seconds), conversation.now)
        conversation.set(due_at=at, due_kind=Timer.W2.value)
