"""Group the conversations of the last days: by question, source, page, and time of day."""

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils import timezone

from loquent.agents.persons import asks_for_person, plain
from widgets.models import WidgetMessage
from widgets.services.insights.periods import WEEK, Sessions
from widgets.types import AnswerOutcome, MessageRole

# Rows of the last days that are read; beyond that, the newest stand for all.
MOST_READ = 2_000
MOST_KEY = 80
# The hours of a day are counted in blocks, and over several weeks, as one week has few of each.
BLOCK_HOURS = 3
WEEKS_BY_HOUR = 4
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations that have something in common; `key` names it in a link."""

    key: str
    label: str
    sessions: frozenset[uuid.UUID]
    agent_id: uuid.UUID | None = None

    @property
    def count(self) -> int:
        return len(self.sessions)


def question_key(text: str) -> str:
    """Return the words of a question without case, accents and punctuation."""
    return " ".join(_WORD.findall(plain(text[:1_000])))[:MOST_KEY]


def unanswered_questions(sessions: Sessions) -> list[Group]:
    """Return the questions of the last week to which nothing was found, most frequent first.

    A wish for a person is none of them: knowledge can't answer it.
    """
    answers = (
        _answers(sessions, AnswerOutcome.NO_ANSWER)
        .filter(reply_to__isnull=False)
        .values_list("reply_to__content", "session_id", "session__widget__text_agent_id")
    )
    labels: dict[str, tuple[str, uuid.UUID]] = {}
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    for question, session_id, agent_id in answers[:MOST_READ]:
        key = question_key(question)
        if key and not asks_for_person(question):
            # The newest spelling comes first.
            labels.setdefault(key, (" ".join(question.split()), agent_id))
            found[key].add(session_id)
    return _by_count(
        Group(key, labels[key][0], frozenset(ids), labels[key][1]) for key, ids in found.items()
    )


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
