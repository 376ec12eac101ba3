"""The tabs of the inbox: which conversations each lists, and in which order."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils import timezone

from widgets.models import WidgetMessage, WidgetSession
from widgets.team_types import Handler, WorkStatus
from widgets.types import MessageRole

Sessions = QuerySet[WidgetSession]
# Conversations of the agent are never closed, so only those of the last day are shown.
AI_HOURS = 24


class Tab(TextChoices):
    """A tab of the inbox."""

    WAITING = "waiting", "Waiting"
    MINE = "mine", "Mine"
    OPEN = "open", "Open"
    AI = "ai", "AI"
    DONE = "done", "Done"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many conversations the tabs of the team's work have."""

    waiting: int
    mine: int
    open: int


_OF_TEAM = ~Q(handler=Handler.AGENT.value) | Q(follow_up=True)
_IS_OPEN = Q(status=WorkStatus.OPEN.value, ended_at=None)
_WAITS = Q(waiting_since__isnull=False)


def in_tab(sessions: Sessions, tab: Tab, *, user_id: int) -> Sessions:
    """Return the conversations of a tab, in its order."""
    newest = ("-last_active_at", "-id")
    match tab:
        case Tab.WAITING:
            return waiting(sessions).order_by("waiting_since", "id")
        case Tab.MINE:
            return sessions.filter(_IS_OPEN, assignee__user_id=user_id).order_by(*newest)
        case Tab.OPEN:
            return sessions.filter(_OF_TEAM & _IS_OPEN).order_by(*newest)
        case Tab.AI:
            since = timezone.now() - timedelta(hours=AI_HOURS)
            asked = WidgetMessage.objects.filter(session=OuterRef("pk"), role=MessageRole.USER)
            of_agent = Q(handler=Handler.AGENT.value, follow_up=False, last_active_at__gt=since)
            return sessions.filter(of_agent & _IS_OPEN).filter(Exists(asked)).order_by(*newest)
        case Tab.DONE:
            is_done = ~Q(status=WorkStatus.OPEN.value)
            return sessions.filter(is_done, last_seq__gt=0).order_by(*newest)


def count_tabs(sessions: Sessions, *, user_id: int) -> Counts:
    """Return the numbers on the tabs, in one query over the conversations of the team."""
    mine = Q(assignee__user_id=user_id)
    found = (
        sessions.filter(_OF_TEAM & _IS_OPEN)
        .order_by()
        .aggregate(
            waiting=Count("id", filter=_WAITS), mine=Count("id", filter=mine), open=Count("id")
        )
    )
    return Counts(**found)


def waiting(sessions: Sessions) -> Sessions:
    """Return the conversations whose visitors wait for a person."""
    return sessions.filter(_OF_TEAM & _IS_OPEN & _WAITS)
