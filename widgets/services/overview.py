"""The figures of the overview: today and the last 30 days, of one organization or of all.

They are counted from the messages themselves, so that an erasure or a late rating changes them, by
one query over an index that holds all it needs (`widget_message_figures`). Today is counted each
time; what was counted of the days before is kept for a minute.
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
from widgets.models import LimitHit, WidgetMessage, WidgetSession
from widgets.types import FINISHED, LimitKind, MessageRole, MessageStatus, Rating

DAYS = 30
KEPT_SECONDS = 60
FAILED = (MessageStatus.FAILED, MessageStatus.INTERRUPTED)
# Times to the first token are counted in classes, each 4 % longer than the one before: their
# middles are 2 % from their ends.
CLASS_WIDTH = 0.04


@dataclass(slots=True)
class Figures:
    """What happened on a day, or on several."""

    conversations: int = 0
    messages: int = 0
    answered: int = 0
    failed: int = 0
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
    def median_ms(self) -> int | None:
        """Half of the answers began within so many milliseconds, to 2 %."""
        return _percentile(self.first_tokens, 0.5)

    @property
    def p95_ms(self) -> int | None:
        """Nineteen of twenty answers began within so many milliseconds, to 2 %."""
        return _percentile(self.first_tokens, 0.95)

    def add(self, other: "Figures") -> None:
        """Count what another day had."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.first_tokens.update(other.first_tokens)


COUNTS = tuple(name for name in Figures.__dataclass_fields__ if name != "first_tokens")
# Of these, what is counted of messages.
COUNTED = tuple(name for name in COUNTS if name not in {"conversations", "caps_hit"})


@dataclass(frozen=True, slots=True)
class Overview:
    """Each of the last days, oldest first, the last one today; and all of them together."""

    days: dict[date, Figures]
    total: Figures

    @property
    def today(self) -> Figures:
        return self.days[max(self.days)]


def count_figures(*, organization: Organization | None, now: datetime) -> Overview:
    """The figures of an organization, by its days; of None, all organizations', by UTC's.

    Always four queries. Days before today may be as they were a minute ago.
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
    # Where there is no other organization, whose widgets they are need not be looked up: a third
    # of the time.
    if organization and not Organization.objects.exclude(id=organization.id).exists():
        organization = None
    of = Q() if organization is None else Q(widget__organization=organization)
    with _planned_for_counting():
        sessions = WidgetSession.objects.filter(of, created_at__gte=since, last_seq__gt=0)
        _fill(days, _by_day(sessions, zone).annotate(conversations=Count("id")))
        _add_messages(days, _messages(organization, since, zone))
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
    """Day, class of the time to the first token, number of messages, and all of COUNTED."""
    messages = WidgetMessage.objects.filter(created_at__gte=since)
    if organization is not None:
        messages = messages.filter(session__widget__organization=organization)
    logarithm = Ln(Cast("first_token_ms", FloatField()) + 1.0)
    is_user, is_answer = Q(role=MessageRole.USER), Q(role=MessageRole.ASSISTANT)
    # A question whose turn ended without a word has no answer to be counted.
    failed = is_answer & ~Q(status__in=FINISHED) | Q(turn_status__in=FAILED)
    number = Cast(Floor(logarithm / math.log1p(CLASS_WIDTH)), IntegerField())
    rows: Iterable[tuple[Any, ...]] = (
        _by_day(messages, zone)
        .annotate(first_token=number)
        .values("day", "first_token")
        .annotate(
            rows=Count("id"),
            messages=Count("id", filter=is_user),
            answered=Count("id", filter=is_answer & Q(status__in=FINISHED)),
            failed=Count("id", filter=failed),
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
        # A clock that runs ahead has written for a day that isn't yet.
        if figures := days.get(row["day"]):
            for name in row.keys() & set(COUNTS):
                setattr(figures, name, row[name])


def _add_messages(days: dict[date, Figures], rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows of `_messages`: thousands, so nothing is looked up by name."""
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
    """The time that the share of the counted times doesn't exceed; None without any."""
    wanted = math.ceil(share * classes.total())
    for number in sorted(classes):
        wanted -= classes[number]
        if wanted <= 0:
            # The middle of the class.
            return max(0, round(math.exp((number + 0.5) * math.log1p(CLASS_WIDTH)) - 1))
    return None


@contextmanager
def _planned_for_counting() -> Iterator[None]:
    """Groups by the thousand in memory, not by sorting all rows in files; and on several cores.

    On SQLite there is nothing to plan, and a transaction would keep all writers waiting.
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
