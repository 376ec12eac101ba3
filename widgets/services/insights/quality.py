"""Count outcomes and ratings by week, and find the answers that visitors disliked."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from widgets.models import WidgetMessage
from widgets.services.insights.periods import DISLIKED, LIKED, WEEK, Sessions, with_signs
from widgets.types import Rating

WEEKS = 8
MOST_ANSWERS = 20
DISLIKED_DAYS = 30


@dataclass(slots=True)
class QualityWeek:
    """A week from Monday: conversations by the outcome of their last answer, and by rating."""

    first_day: date
    outcomes: Counter[str] = field(default_factory=Counter)
    liked: int = 0
    disliked: int = 0

    @property
    def conversations(self) -> int:
        return self.outcomes.total()


def count_quality(sessions: Sessions) -> list[QualityWeek]:
    """Return the last weeks, newest first, of conversations by their start."""
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    weeks = {monday - back * WEEK: QualityWeek(monday - back * WEEK) for back in range(WEEKS)}
    zone = timezone.get_current_timezone()
    start = datetime.combine(min(weeks), datetime.min.time(), zone)
    rows = (
        with_signs(sessions.filter(created_at__gte=start, last_seq__gt=0))
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=zone))
        .values_list("day", "final_outcome")
        .annotate(
            Count("pk"),
            liked=Count("pk", filter=LIKED),
            disliked=Count("pk", filter=DISLIKED),
        )
    )
    for day, outcome, count, liked, disliked in rows:
        # A process whose clock is ahead has written a row for next week.
        if week := weeks.get(day - timedelta(days=day.weekday())):
            week.outcomes[outcome] += count
            week.liked += liked
            week.disliked += disliked
    return list(weeks.values())


def disliked_answers(sessions: Sessions) -> list[WidgetMessage]:
    """Return recent answers with a thumbs down, those with a comment first."""
    since = timezone.now() - timedelta(days=DISLIKED_DAYS)
    answers = WidgetMessage.objects.filter(
        Q(rating=Rating.DOWN),
        created_at__gte=since,
        session__in=sessions.order_by().values("id"),
    ).select_related("session__contact", "session__widget", "reply_to")
    newest = answers.order_by("-created_at")
    with_comment = list(newest.exclude(rating_comment="")[:MOST_ANSWERS])
    others = newest.filter(rating_comment="")[: MOST_ANSWERS - len(with_comment)]
    return [*with_comment, *others]
