"""Select conversations by their start and by whether the assistant resolved them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from widgets.models import WidgetMessage, WidgetSession
from widgets.models.team import ConversationEvent, EventKind
from widgets.types import AnswerOutcome, MessageRole, Rating, Sign

WEEK = timedelta(days=7)
# Without another message for so long, an answered conversation counts as resolved.
QUIET = timedelta(hours=24)
PERSON_EVENTS = (EventKind.ASKED, EventKind.FOLLOW_UP)
Sessions = QuerySet[WidgetSession]


@dataclass(frozen=True, slots=True)
class Week:
    """What visitors asked in seven days, and how it ended; numbers of conversations."""

    first_day: date
    conversations: int = 0
    with_question: int = 0
    confirmed: int = 0
    assumed: int = 0
    asked_for_person: int = 0
    liked: int = 0
    disliked: int = 0

    @property
    def resolved(self) -> int:
        return self.confirmed + self.assumed

    @property
    def resolved_percent(self) -> int | None:
        """Return the share of conversations with a question that are resolved."""
        return _percent(self.resolved, self.with_question)

    @property
    def liked_percent(self) -> int | None:
        """Return the share of rated conversations without a thumbs down."""
        return _percent(self.liked, self.liked + self.disliked)


def _percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def started_in_week(sessions: Sessions, first_day: date) -> Sessions:
    """Return the non-empty sessions of seven days, in the active time zone."""
    start = datetime.combine(first_day, datetime.min.time(), timezone.get_current_timezone())
    end = datetime.combine(first_day + WEEK, datetime.min.time(), start.tzinfo)
    return sessions.filter(created_at__gte=start, created_at__lt=end, last_seq__gt=0)


def last_weeks() -> tuple[date, date]:
    """Return the first days of the seven days that end today, and of the seven before."""
    first = timezone.localdate() - WEEK + timedelta(days=1)
    return first, first - WEEK


def final_outcome() -> Case:
    """Return the outcome of a session's last answer, for an annotation.

    "Do you mean one of these?" without a reaction of the visitor has answered nothing.
    """
    said = WidgetMessage.objects.filter(
        session=OuterRef("session"), seq__gt=OuterRef("seq"), role=MessageRole.USER
    )
    open_choices = WidgetMessage.objects.filter(
        ~Exists(said), session=OuterRef("pk"), role=MessageRole.ASSISTANT
    ).exclude(choices=[])
    return Case(
        When(
            Q(outcome=AnswerOutcome.ANSWERED) & Exists(open_choices),
            then=Value(AnswerOutcome.NO_ANSWER.value),
        ),
        default=F("outcome"),
    )


def with_signs(sessions: Sessions) -> Any:
    """Annotate sessions with what the figures and filters of resolved conversations need."""
    rated = WidgetMessage.objects.filter(session=OuterRef("pk"))
    # By the button, or because the assistant could not go on: no message needs to say so.
    wanted = ConversationEvent.objects.filter(session=OuterRef("pk"), kind__in=PERSON_EVENTS)
    return sessions.annotate(
        final_outcome=final_outcome(),
        has_question=F("signs").bitand(Sign.QUESTION.value),
        wanted_person=F("signs").bitand(Sign.PERSON.value),
        complained=F("signs").bitand(Sign.COMPLAINT.value),
        thanked=F("signs").bitand(Sign.THANKS.value),
        was_handed_over=Exists(wanted),
        is_liked=Exists(rated.filter(rating=Rating.UP)),
        is_disliked=Exists(rated.filter(rating=Rating.DOWN)),
    )


HAS_QUESTION = Q(has_question__gt=0)
WANTED_PERSON = Q(wanted_person__gt=0) | Q(was_handed_over=True)
DISLIKED = Q(is_disliked=True)
LIKED = Q(is_liked=True) & ~DISLIKED
# The visitor asked something, was answered, and wanted neither a person nor to complain.
ANSWERED = (
    HAS_QUESTION
    & ~WANTED_PERSON
    & Q(final_outcome=AnswerOutcome.ANSWERED, complained=0, is_disliked=False)
)
CONFIRMED = ANSWERED & (Q(thanked__gt=0) | Q(is_liked=True))


def assumed(now: datetime) -> Q:
    """Return the condition that a conversation was answered, and then quiet for a day."""
    return ANSWERED & Q(thanked=0, is_liked=False, last_active_at__lt=now - QUIET)


def count_week(sessions: Sessions, first_day: date, now: datetime) -> Week:
    """Return the figures of seven days."""
    counts = with_signs(started_in_week(sessions, first_day)).aggregate(
        conversations=Count("pk"),
        with_question=Count("pk", filter=HAS_QUESTION),
        confirmed=Count("pk", filter=CONFIRMED),
        assumed=Count("pk", filter=assumed(now)),
        asked_for_person=Count("pk", filter=WANTED_PERSON),
        liked=Count("pk", filter=LIKED),
        disliked=Count("pk", filter=DISLIKED),
    )
    return Week(first_day, **counts)
