"""The sections of the start page, in their order. Each is one class."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from loquent.organizations.admin.moments import ago
from loquent.organizations.models import Organization
from widgets.admin.conversation_list import reason_chips
from widgets.admin.linked_filters import WEEKDAYS
from widgets.admin.unanswered import answer_url
from widgets.services.attention import NEEDS_STAFF
from widgets.services.conversations import summaries, visitor_name, with_urgency
from widgets.services.inbox.tabs import waiting
from widgets.services.insights.groups import (
    BLOCK_HOURS,
    Group,
    count_hours,
    used_languages,
    used_sources,
    visited_pages,
)
from widgets.services.insights.health import Finding, health_findings
from widgets.services.insights.periods import Sessions, Week, count_week, last_weeks
from widgets.services.insights.unanswered import UnansweredGroup, unanswered_groups
from widgets.types import Reason

MOST_ROWS = 5
MOST_QUESTIONS = 8
# Reasons are counted in this many conversations.
MOST_NEEDING = 1_000
SHADES = 4


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures the page shows; `organization` is None for all of them together."""

    request: HttpRequest
    organization: Organization | None
    sessions: Sessions


class Section(Protocol):
    """A part of the start page. `load` returns what its template shows; None hides it."""

    name: str
    template: str

    def load(self, scope: Scope) -> Any: ...


def list_url(**parameters: object) -> str:
    """Return the address of the conversation list with these filters."""
    return f"{reverse('admin:widgets_widgetsession_changelist')}?{urlencode(parameters)}"


class NeedsYou:
    """How many conversations need staff, by reason; who waits for a person, and the newest."""

    name = "needs-you"
    template = "admin/home/needs_you.html"

    def load(self, scope: Scope) -> Any:
        needing = scope.sessions.filter(attention__gte=NEEDS_STAFF)
        counts: Counter[Reason] = Counter()
        for attention in needing.values_list("attention", flat=True)[:MOST_NEEDING]:
            counts.update(reason for reason in Reason if attention & reason.bit)
        waits = waiting(scope.sessions).select_related("widget", "contact")
        first = list(with_urgency(waits).order_by("waiting_since", "id")[:MOST_ROWS])
        newest = with_urgency(needing).select_related("widget", "contact")
        others = newest.exclude(id__in=[session.id for session in first])
        rows = [*first, *others.order_by("-last_active_at", "-id")[:MOST_ROWS]][:MOST_ROWS]
        asked = summaries(rows)
        inbox = reverse("admin:inbox")
        return {
            "has_conversations": bool(rows) or scope.sessions.filter(last_seq__gt=0).exists(),
            "all_url": list_url(attention="any"),
            "widgets_url": reverse("admin:widgets_widgetconfig_changelist"),
            "waiting": waits.count() if len(first) == MOST_ROWS else len(first),
            "waiting_url": inbox,
            "reasons": [
                {
                    "count": counts[reason],
                    "label": reason.label.lower(),
                    "url": list_url(attention=reason.value),
                }
                for reason in Reason
                if counts[reason]
            ],
            "rows": [
                {
                    "visitor": visitor_name(session),
                    "waits": session in first,
                    "url": f"{inbox}?c={session.pk}"
                    if session in first
                    else reverse("admin:widgets_widgetsession_change", args=[session.pk]),
                    "question": asked[session.id].question,
                    "at": session.last_active_at,
                    "ago": ago(session.last_active_at),
                    "chips": reason_chips(session),
                }
                for session in rows
            ],
        }


class Unanswered:
    """The questions of the last week that the knowledge did not answer."""

    name = "unanswered"
    template = "admin/home/unanswered.html"

    def __init__(self, most: int = MOST_QUESTIONS) -> None:
        self._most = most

    def load(self, scope: Scope) -> Any:
        return self.show(scope, unanswered_groups(scope.sessions))

    def show(self, scope: Scope, groups: Sequence[UnansweredGroup]) -> Any:
        """Return the context of these groups; None if there are none."""
        if not groups:
            return None
        may_write = scope.request.user.has_perm("agents.change_textagent", scope.organization)
        return {
            "rows": [
                {
                    **_row(group, "unanswered"),
                    "write_url": may_write and answer_url(group),
                }
                for group in groups[: self._most]
            ],
            "more": max(0, len(groups) - self._most),
            "more_url": list_url(answer="no_answer", days=7),
        }


def _row(group: Group | UnansweredGroup, parameter: str) -> dict[str, Any]:
    url = list_url(**{parameter: group.key})
    return {"label": group.label, "count": len(group.sessions), "url": url}


class ThisWeek:
    """Four numbers of the last seven days, beside those of the seven days before."""

    name = "this-week"
    template = "admin/home/this_week.html"

    def load(self, scope: Scope) -> Any:
        first, before = last_weeks()
        now = timezone.now()
        this = count_week(scope.sessions, first, now)
        last = count_week(scope.sessions, before, now)
        if not this.conversations and not last.conversations:
            return None
        return {"this": self._shown(this), "last": self._shown(last)}

    @staticmethod
    def _shown(week: Week) -> dict[str, Any]:
        ends = ("question", "resolved", "confirmed", "assumed", "person", "liked", "disliked")
        urls = {end: list_url(week=week.first_day, end=end) for end in ends}
        return {"week": week, "url": list_url(week=week.first_day), "urls": urls}


class Lists:
    """What visitors asked about, on which pages, and in which languages."""

    name = "lists"
    template = "admin/home/lists.html"

    def load(self, scope: Scope) -> Any:
        kinds = (
            ("Most asked about", "source", used_sources(scope.sessions)),
            ("Where", "page", visited_pages(scope.sessions)),
            ("Languages", "language", used_languages(scope.sessions)),
        )
        lists = [
            {"title": title, "rows": [_row(group, parameter) for group in groups[:MOST_ROWS]]}
            for title, parameter, groups in kinds
            if groups
        ]
        return {"lists": lists} if lists else None


class When:
    """When conversations start: days of the week and hours, over the last four weeks."""

    name = "when"
    template = "admin/home/when.html"

    def load(self, scope: Scope) -> Any:
        counts = count_hours(scope.sessions)
        if not counts:
            return None
        blocks = range(24 // BLOCK_HOURS)
        top = max(counts.values())
        return {
            "hours": [f"{block * BLOCK_HOURS}–{(block + 1) * BLOCK_HOURS}" for block in blocks],
            "days": [
                {
                    "name": day,
                    "cells": [
                        self._cell(number, block, counts[number, block], top) for block in blocks
                    ],
                }
                for number, day in enumerate(WEEKDAYS, start=1)
            ],
        }

    @staticmethod
    def _cell(weekday: int, block: int, count: int, top: int) -> dict[str, Any]:
        # Any conversation is visible, and the most frequent block has the last shade.
        shade = -(-SHADES * count // top)
        return {"count": count, "shade": shade, "url": list_url(when=f"{weekday}-{block}")}


class Health:
    """What keeps the chats from working. Hidden while all is well."""

    name = "health"
    template = "admin/home/health.html"

    def load(self, scope: Scope) -> Any:
        if scope.organization is None:
            return None
        rows = [
            {"finding": finding, "url": self._url(finding)}
            for finding in health_findings(organization=scope.organization)
        ]
        return {"rows": rows} if rows else None

    @staticmethod
    def _url(finding: Finding) -> str:
        if finding.agent_id:
            return reverse("admin:agents_textagent_change", args=[finding.agent_id])
        if finding.widget_pk:
            page = "install" if finding.is_site else "change"
            return reverse(f"admin:widgets_widgetconfig_{page}", args=[finding.widget_pk])
        return ""


# A new section is a class like these; it is shown where it stands in this list.
SECTIONS: list[type[Section]] = [NeedsYou, Health, Unanswered, ThisWeek, Lists, When]
