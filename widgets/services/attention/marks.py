"""Keep a conversation's reasons for attention up to date.

`WidgetSession.attention` contains the current reasons, and what later reasons depend on;
`mark_as_done` clears both. All callers but `after_rating` have locked the session's row.
"""

import uuid
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from widgets.models import WidgetMessage, WidgetSession
from widgets.types import AnswerOutcome, Attention, Rating, Sign

# A session whose `attention` is at least this needs staff: the reasons are the higher bits.
NEEDS_STAFF = Attention.FAILED.value


def after_message(signs: Sign) -> Attention:
    """Return what a visitor's message with these signs adds to the session's attention."""
    added = Attention(0)
    if Sign.PERSON in signs:
        added |= Attention.PERSON
    if Sign.COMPLAINT in signs:
        added |= Attention.UNHAPPY | Attention.COMPLAINED
    if Sign.DETAILS in signs:
        # The answer to this message decides whether it becomes a reason.
        added |= Attention.HAS_DETAILS
    return added


def after_answer(attention: int, outcome: str) -> int:
    """Return a session's attention after an answer with this outcome."""
    found = Attention(attention) & ~(
        Attention.FAILED | Attention.NO_ANSWER | Attention.LEFT_DETAILS
    )
    if outcome == AnswerOutcome.FAILED:
        found |= Attention.FAILED
    if outcome == AnswerOutcome.NO_ANSWER:
        is_second = Attention.ONE_NO_ANSWER in found
        found |= Attention.TWO_NO_ANSWERS if is_second else Attention.ONE_NO_ANSWER
        found |= Attention.NO_ANSWER
    if Attention.TWO_NO_ANSWERS in found:
        found |= Attention.NO_ANSWER
    if Attention.HAS_DETAILS in found and outcome != AnswerOutcome.ANSWERED:
        found |= Attention.LEFT_DETAILS
    return found.value


def after_details(attention: int, outcome: str) -> int:
    """Return a session's attention after the visitor has left their details in the form."""
    found = Attention(attention) | Attention.HAS_DETAILS
    if outcome != AnswerOutcome.ANSWERED:
        found |= Attention.LEFT_DETAILS
    return found.value


def after_rating(*, session_id: uuid.UUID, rating: str | None) -> None:
    """Record a rating; a withdrawn one leaves no complaint."""
    sessions = WidgetSession.objects.filter(id=session_id)
    if rating == Rating.DOWN:
        sessions.update(attention=F("attention").bitor(Attention.UNHAPPY.value))
        return
    disliked = WidgetMessage.objects.filter(session=session_id, rating=Rating.DOWN)
    with_complaint = sessions.annotate(told=F("attention").bitand(Attention.COMPLAINED.value))
    if not disliked.exists():
        kept = ~Attention.UNHAPPY.value & 0x7FFF
        with_complaint.filter(told=0).update(attention=F("attention").bitand(kept))


def mark_as_done(*, sessions: QuerySet[Any]) -> int:
    """Clear the reasons of these conversations; return how many had one."""
    needing = WidgetSession.objects.filter(id__in=sessions.values("id"), attention__gt=0)
    now = timezone.now()
    count = needing.filter(attention__gte=NEEDS_STAFF).count()
    needing.update(attention=0, attention_done_at=now)
    return count
