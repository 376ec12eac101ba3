"""Group the conversations of the last days: by source, page, language, and time of day."""

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, Left
from django.utils import timezone

from loquent.agents.search.languages import LANGUAGE_NAMES, detect_language
from widgets.models import WidgetMessage
from widgets.services.insights.periods import WEEK, Sessions
from widgets.types import AnswerOutcome, MessageRole

# Rows of the last days that are read; beyond that, the newest stand for all.
MOST_READ = 2_000
# Characters that are read to recognize a language: of a message, and of a conversation.
READ_OF_MESSAGE = 300
READ_OF_TALK = 600
# The hours of a day are counted in blocks, and over several weeks, as one week has few of each.
BLOCK_HOURS = 3
WEEKS_BY_HOUR = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations that have something in common; `key` names it in a link."""

    key: str
    label: str
    sessions: frozenset[uuid.UUID]

    @property
    def count(self) -> int:
        return len(self.sessions)


def used_sources(sessions: Sessions) -> list[Group]:
    """Return the titles that answers of the last week rest on, most frequent first."""
    answers = _answers(sessions, AnswerOutcome.ANSWERED).exclude(sources=[])
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    for sources, session_id in answers.values_list("sources", "session_id")[:MOST_READ]:
        # The first source fits best.
        found[str(sources[0].get("title", ""))].add(session_id)
    return _by_count(Group(title, title, frozenset(ids)) for title, ids in found.items() if title)


def visited_pages(sessions: Sessions) -> list[Group]:
    """Return the pages of the last week's visitors, without their parameters."""
    recent = sessions.filter(created_at__gte=timezone.now() - WEEK, last_seq__gt=0)
    rows = recent.exclude(page_url="").order_by("-created_at").values_list("page_url", "id")
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    for address, session_id in rows[:MOST_READ]:
        found[re.split(r"[?#]", address, maxsplit=1)[0]].add(session_id)
    return _by_count(
        Group(address, address.partition("://")[2] or address, frozenset(ids))
        for address, ids in found.items()
    )


def used_languages(sessions: Sessions) -> list[Group]:
    """Return the languages in which visitors wrote in the last week, most frequent first.

    A conversation whose messages are too short to tell counts for the language of the widget's
    interface, if that is known.
    """
    written = WidgetMessage.objects.filter(
        created_at__gte=timezone.now() - WEEK,
        role=MessageRole.USER,
        session__in=sessions.order_by().values("id"),
    )
    rows = written.order_by("-created_at").annotate(start=Left("content", READ_OF_MESSAGE))
    texts: dict[tuple[uuid.UUID, str], list[str]] = defaultdict(list)
    columns = ("start", "session_id", "session__language")
    for start, session_id, shown in rows.values_list(*columns)[:MOST_READ]:
        texts[session_id, shown].append(start)
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    for (session_id, shown), starts in texts.items():
        code = detect_language("\n".join(starts)[:READ_OF_TALK]) or shown
        found[code].add(session_id)
    return _by_count(
        Group(code, LANGUAGE_NAMES[code], frozenset(ids))
        for code, ids in found.items()
        if code in LANGUAGE_NAMES
    )


def hours_since() -> datetime:
    """Return the time from which conversations are counted by their hour."""
    return timezone.now() - WEEKS_BY_HOUR * timedelta(weeks=1)


def with_hours(sessions: Sessions) -> Any:
    """Return the recent sessions with day of the week (from 1, Monday) and hour of their start."""
    recent = sessions.filter(created_at__gte=hours_since(), last_seq__gt=0)
    zone = timezone.get_current_timezone()
    return recent.annotate(
        weekday=ExtractIsoWeekDay("created_at", tzinfo=zone),
        hour=ExtractHour("created_at", tzinfo=zone),
    )


def in_block(weekday: int, block: int) -> Q:
    """Return the condition that a session of `with_hours` started on this day in this block."""
    start = block * BLOCK_HOURS
    return Q(weekday=weekday, hour__gte=start, hour__lt=start + BLOCK_HOURS)


def count_hours(sessions: Sessions) -> Counter[tuple[int, int]]:
    """Return how many recent conversations started per day of the week and block of hours."""
    counts: Counter[tuple[int, int]] = Counter()
    rows = with_hours(sessions).order_by().values_list("weekday", "hour")
    for weekday, hour, count in rows.annotate(Count("pk")):
        counts[weekday, hour // BLOCK_HOURS] += count
    return counts


def _answers(sessions: Sessions, outcome: AnswerOutcome) -> QuerySet[WidgetMessage]:
    answers = WidgetMessage.objects.filter(
        created_at__gte=timezone.now() - WEEK,
        role=MessageRole.ASSISTANT,
        outcome=outcome,
        session__in=sessions.order_by().values("id"),
    )
    return answers.order_by("-created_at")


def _by_count(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.count, group.label))
