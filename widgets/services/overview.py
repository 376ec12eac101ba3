"""Count the overview's figures: today and the last 30 days, of one organization or of all.

They are counted from the messages themselves, so that erasures and late ratings change them, with
one query over a covering index (`widget_message_figures`). Today is counted on each request;
earlier days are cached for a minute.
"""

import math
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import add
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, FloatField, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce, Floor, Ln, TruncDate

from loquent.organizations.models import Organization
from widgets.models import ConversationEvent, LimitHit, WidgetMessage, WidgetSession
from widgets.models.team import EventKind
from widgets.types import AnswerOutcome, LimitKind, MessageRole, MessageStatus, Rating

DAYS = 30
HAND_OVERS = (EventKind.ASKED, EventKind.FOLLOW_UP, EventKind.TAKEN, EventKind.ASSIGNED)
KEPT_SECONDS = 60
FAILED = (MessageStatus.FAILED, MessageStatus.INTERRUPTED)
# Times to the first token are counted in classes, each 4 % wider than the one before, so that the
# middle of a class is within 2 % of its ends.
CLASS_WIDTH = 0.04


@dataclass(slots=True)
class Figures:
    """The figures of one day, or of several together."""

    conversations: int = 0
    messages: int = 0
    answered: int = 0
    no_answer: int = 0
    refused: int = 0
    stopped: int = 0
    failed: int = 0
    by_people: int = 0
    handed_over: int = 0
    ratings: int = 0
    rating_points: int = 0
    caps_hit: int = 0
    thumbs_up: int = 0
    thumbs_down: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    first_tokens: Counter[int] = field(default_factory=Counter)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def rating(self) -> float | None:
        """Return the average rating of people, from 1 to 5; None without ratings."""
        return self.rating_points / self.ratings if self.ratings else None

    @property
    def median_ms(self) -> int | None:
        """Return the median time to the first token in milliseconds, accurate to 2 %."""
        return _percentile(self.first_tokens, 0.5)

    @property
    def p95_ms(self) -> int | None:
        """Return the 95th percentile of the time to the first token in ms, accurate to 2 %."""
        return _percentile(self.first_tokens, 0.95)

    def add(self, other: "Figures") -> None:
        """Add the figures of another day."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.first_tokens.update(other.first_tokens)


COUNTS = tuple(name for name in Figures.__dataclass_fields__ if name != "first_tokens")
# The fields that are counted from messages.
BY_CONVERSATION = {"conversations", "ratings", "rating_points"}
COUNTED = tuple(
    name for name in COUNTS if name not in {*BY_CONVERSATION, "handed_over", "caps_hit"}
)


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures per day, oldest first and today last, and their total."""

    days: dict[date, Figures]
    total: Figures

    @property
    def today(self) -> Figures:
        return self.days[max(self.days)]


def count_figures(*, organization: Organization | None, now: datetime) -> Overview:
    """Return an organization's figures by its own days; of all organizations, by UTC days, if None.

    Always runs five queries. Figures of days before today may be a minute old.
    """
    zone_name = organization.timezone if organization else "UTC"
    zone = zoneinfo.ZoneInfo(zone_name)
    today = now.astimezone(zone).date()
    key = f"overview:{organization.id if organization else ''}:{zone_name}:{today}"
    earlier: dict[date, Figures] | None = cache.get(key)
    days = {today - timedelta(days=back): Figures() for back in reversed(range(DAYS))}
    if earlier is not None:
        days = {today: Figures()}
    since = datetime.combine(min(days), datetime.min.time(), zone)
    # With only one organization there is no need to join widgets, which saves a third of the time.
    if organization and not Organization.objects.exclude(id=organization.id).exists():
        organization = None
    of = Q() if organization is None else Q(widget__organization=organization)
    with _planned_for_counting():
        sessions = WidgetSession.objects.filter(of, created_at__gte=since, last_seq__gt=0)
        begun = _by_day(sessions, zone).annotate(
            conversations=Count("id"),
            ratings=Count("survey_score"),
            rating_points=Coalesce(Sum("survey_score"), 0),
        )
        _fill(days, begun)
        _add_messages(days, _messages(organization, since, zone))
        # Conversations that the agent did not finish alone.
        events = ConversationEvent.objects.filter(created_at__gte=since, kind__in=HAND_OVERS)
        if organization is not None:
            events = events.filter(session__widget__organization=organization)
        _fill(days, _by_day(events, zone).annotate(handed_over=Count("session", distinct=True)))
        hits = LimitHit.objects.filter(of, kind=LimitKind.DAILY_CAP, day__gte=min(days))
        caps: Any = hits.order_by().values("day").annotate(caps_hit=Sum("count"))
        _fill(days, caps)
    if earlier is None:
        cache.set(key, {day: days[day] for day in days if day != today}, KEPT_SECONDS)
    days = {**(earlier or {}), **days}
    total = Figures()
    for figures in days.values():
        total.add(figures)
    return Overview(days, total)


def _messages(
    organization: Organization | None, since: datetime, zone: zoneinfo.ZoneInfo
) -> Iterable[tuple[Any, ...]]:
    """Yield the day, the first-token class, the number of messages, and all of COUNTED."""
    messages = WidgetMessage.objects.filter(created_at__gte=since)
    if organization is not None:
        messages = messages.filter(session__widget__organization=organization)
    logarithm = Ln(Cast("first_token_ms", FloatField()) + 1.0)
    is_user = Q(role=MessageRole.USER)
    # A question whose turn ended without text has no answer that could be counted.
    failed = Q(outcome=AnswerOutcome.FAILED) | Q(turn_status__in=FAILED)
    number = Cast(Floor(logarithm / math.log1p(CLASS_WIDTH)), IntegerField())
    rows: Iterable[tuple[Any, ...]] = (
        _by_day(messages, zone)
        .annotate(first_token=number)
        .values("day", "first_token")
        .annotate(
            rows=Count("id"),
            messages=Count("id", filter=is_user),
            answered=Count("id", filter=Q(outcome=AnswerOutcome.ANSWERED)),
            no_answer=Count("id", filter=Q(outcome=AnswerOutcome.NO_ANSWER)),
            refused=Count("id", filter=Q(outcome=AnswerOutcome.REFUSED)),
            stopped=Count("id", filter=Q(outcome=AnswerOutcome.STOPPED)),
            failed=Count("id", filter=failed),
            by_people=Count("id", filter=Q(role=MessageRole.STAFF)),
            thumbs_up=Count("id", filter=Q(rating=Rating.UP)),
            thumbs_down=Count("id", filter=Q(rating=Rating.DOWN)),
            input_tokens=Coalesce(Sum("input_tokens"), 0),
            output_tokens=Coalesce(Sum("output_tokens"), 0),
        )
        .values_list("day", "first_token", "rows", *COUNTED)
    )
    return rows


def _by_day(rows: QuerySet[Any], zone: zoneinfo.ZoneInfo) -> Any:
    return rows.order_by().annotate(day=TruncDate("created_at", tzinfo=zone)).values("day")


def _fill(days: dict[date, Figures], rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        # A process whose clock is ahead has written a row for tomorrow.
        if figures := days.get(row["day"]):
            for name in row.keys() & set(COUNTS):
                setattr(figures, name, row[name])


def _add_messages(days: dict[date, Figures], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add the rows of `_messages`; there are thousands, so columns are accessed by position."""
    sums: dict[date, list[int]] = {day: [0] * len(COUNTED) for day in days}
    for day, first_token, count, *counts in rows:
        if day not in sums:
            continue
        sums[day] = list(map(add, sums[day], counts))
        if first_token is not None:
            days[day].first_tokens[first_token] += count
    for day, totals in sums.items():
        for name, total in zip(COUNTED, totals, strict=True):
            setattr(days[day], name, total)


def _percentile(classes: Counter[int], share: float) -> int | None:
    """Return the time that this share of the counted times doesn't exceed; None without times."""
    wanted = math.ceil(share * classes.total())
    for number in sorted(classes):
        wanted -= classes[number]
        if wanted <= 0:
            # Use the middle of the class.
            return max(0, round(math.exp((number + 0.5) * math.log1p(CLASS_WIDTH)) - 1))
    return None


@contextmanager
def _planned_for_counting() -> Iterator[None]:
    """Make PostgreSQL group thousands of rows in memory, in parallel, instead of sorting on disk.

    Does nothing on SQLite, where a transaction would block all writers.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL work_mem = '64MB'; SET LOCAL parallel_setup_cost = 0; "
            "SET LOCAL parallel_tuple_cost = 0.01"
        )
        yield
