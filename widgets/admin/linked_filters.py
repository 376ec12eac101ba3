"""Filters of the conversation list that only links of the start page and of Quality set.

Each is shown, as a chip that removes it, only while it is in use.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import formats, timezone

from loquent.agents.search.languages import LANGUAGE_NAMES
from widgets.models import WidgetSession
from widgets.services.insights.groups import (
    BLOCK_HOURS,
    Group,
    in_block,
    used_languages,
    used_sources,
    visited_pages,
    with_hours,
)
from widgets.services.insights.periods import (
    CONFIRMED,
    DISLIKED,
    HAS_QUESTION,
    LIKED,
    WANTED_PERSON,
    WEEK,
    assumed,
    started_in_week,
    with_signs,
)
from widgets.services.insights.unanswered import UnansweredGroup, unanswered_groups

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Sessions = QuerySet[WidgetSession]


class LinkedFilter(admin.SimpleListFilter):
    """A filter without choices of its own: its value comes from a link."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        label = self.label(value) if value else ""
        return [(str(value), label)] if label else []

    def label(self, value: str) -> str:
        """Return what the chip says; an empty text for a value that means nothing."""
        return value


class WeekFilter(LinkedFilter):
    """Conversations that started in the seven days from a date."""

    title = "started"
    parameter_name = "week"

    def label(self, value: str) -> str:
        first = _date(value)
        if first is None:
            return ""
        last = first + WEEK - timedelta(days=1)
        return f"{formats.date_format(first, 'j F')} to {formats.date_format(last, 'j F')}"

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        first = _date(self.value() or "")
        return queryset if first is None else started_in_week(queryset, first)


def _date(value: str) -> date | None:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if 2000 <= found.year < 9000 else None


class EndFilter(LinkedFilter):
    """Conversations that ended in one of the ways that the start page counts."""

    title = "end"
    parameter_name = "end"
    conditions: dict[str, tuple[str, Callable[[], Q]]] = {
        "question": ("With a question", lambda: HAS_QUESTION),
        "resolved": ("Resolved", lambda: CONFIRMED | assumed(timezone.now())),
        "confirmed": ("Resolved, confirmed by the visitor", lambda: CONFIRMED),
        "assumed": ("Resolved, assumed", lambda: assumed(timezone.now())),
        "person": ("Asked for a person", lambda: WANTED_PERSON),
        "liked": ("Thumbs up", lambda: LIKED),
        "disliked": ("Thumbs down", lambda: DISLIKED),
    }

    def label(self, value: str) -> str:
        return self.conditions[value][0] if value in self.conditions else ""

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        value = self.value()
        if value not in self.conditions:
            return queryset
        _, condition = self.conditions[value]
        filtered: Sessions = with_signs(queryset).filter(condition())
        return filtered


class GroupFilter(LinkedFilter):
    """Conversations of a group of the last days."""

    find: Callable[[Sessions], Sequence[Group | UnansweredGroup]]

    def label(self, value: str) -> str:
        return f"“{value[:60]}”"

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        groups = type(self).find(queryset)
        # Two agents can have been asked the same.
        found = {one for group in groups if group.key == self.value() for one in group.sessions}
        return queryset.filter(id__in=found)


class UnansweredFilter(GroupFilter):
    title = "no answer to"
    parameter_name = "unanswered"
    find = staticmethod(unanswered_groups)


class SourceFilter(GroupFilter):
    title = "answered from"
    parameter_name = "source"
    find = staticmethod(used_sources)


class PageFilter(GroupFilter):
    title = "page, last 7 days"
    parameter_name = "page"
    find = staticmethod(visited_pages)


class LanguageFilter(GroupFilter):
    title = "language, last 7 days"
    parameter_name = "language"
    find = staticmethod(used_languages)

    def label(self, value: str) -> str:
        return LANGUAGE_NAMES.get(value, "")

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        is_known = self.value() in LANGUAGE_NAMES
        return super().queryset(request, queryset) if is_known else queryset


class HourFilter(LinkedFilter):
    """Conversations of the last weeks that started on a day of the week in a block of hours."""

    title = "started on"
    parameter_name = "when"

    def label(self, value: str) -> str:
        found = self._block(value)
        if found is None:
            return ""
        weekday, block = found
        start = block * BLOCK_HOURS
        return f"{WEEKDAYS[weekday - 1]}, {start}:00 to {start + BLOCK_HOURS}:00"

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        found = self._block(self.value() or "")
        if found is None:
            return queryset
        filtered: Sessions = with_hours(queryset).filter(in_block(*found))
        return filtered

    @staticmethod
    def _block(value: str) -> tuple[int, int] | None:
        weekday, _, block = value.partition("-")
        is_known = weekday in set("1234567") and block in set("01234567")
        return (int(weekday), int(block)) if is_known else None


LINKED_FILTERS = [
    WeekFilter,
    EndFilter,
    UnansweredFilter,
    SourceFilter,
    PageFilter,
    LanguageFilter,
    HourFilter,
]
