"""Filter lists of widgets, sessions and messages."""

from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef
from django_filters import rest_framework as filters

from loquent.errors import invalid
from loquent.limits import MAX_SEARCH
from loquent.rest.filters import BooleanChoice, MomentFilter, PeriodFilterSet, SearchFilter
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.attention import NEEDS_STAFF
from widgets.services.inbox.tabs import waiting
from widgets.team_types import Handler, WorkStatus
from widgets.types import AnswerOutcome, MessageRole, MessageStatus, Rating

Sessions = models.QuerySet[WidgetSession]


class WidgetFilter(PeriodFilterSet):
    """Filter by widget settings."""

    enabled = BooleanChoice(help_text="`true`: enabled widgets; `false`: disabled widgets.")
    text_agent_id = filters.UUIDFilter(help_text="Widgets that use this agent.")
    widget_id = filters.CharFilter(
        max_length=64, help_text="The widget with this public identifier, `wid_…`."
    )
    search = SearchFilter("name", "greeting", help_text="Text in the name or greeting.")


class SessionFilter(PeriodFilterSet):
    """Filter by owner, time, outcome and content of the conversation."""

    widget_id = filters.UUIDFilter(help_text="Conversations with this widget (its `id`).")
    contact_id = filters.UUIDFilter(help_text="Conversations with this contact (its `id`).")
    active_from = MomentFilter(
        field_name="last_active_at", lookup_expr="gte", help_text="Active at or after this time."
    )
    last_answer = filters.ChoiceFilter(
        field_name="last_answer_status",
        choices=MessageStatus.choices,
        help_text="Conversations whose latest question ended with this status, answered or not.",
    )
    outcome = filters.ChoiceFilter(
        choices=AnswerOutcome.choices,
        help_text="Conversations whose latest answer had this outcome.",
    )
    needs_attention = BooleanChoice(
        method="filter_needs_attention",
        help_text="`true`: conversations that staff should look at; `false`: all others.",
    )
    handler = filters.ChoiceFilter(
        choices=Handler.choices, help_text="Conversations that this side answers."
    )
    status = filters.ChoiceFilter(
        choices=WorkStatus.choices, help_text="Conversations with this status of the team's work."
    )
    assignee = filters.CharFilter(
        method="filter_assignee",
        max_length=36,
        help_text="`me`, `none`, or the id of a member: who has the conversation.",
    )
    waiting = BooleanChoice(
        method="filter_waiting",
        help_text="`true`: conversations whose visitor waits for a person; `false`: all others.",
    )
    has_feedback = BooleanChoice(
        method="filter_has_feedback",
        help_text="`true`: conversations with a rated answer; `false`: conversations without.",
    )
    rating = filters.ChoiceFilter(
        choices=Rating.choices,
        method="filter_rating",
        help_text="Conversations with an answer that has this rating.",
    )
    search = filters.CharFilter(
        method="filter_search",
        max_length=MAX_SEARCH,
        help_text="Conversations with a message that contains this text, ignoring case.",
    )

    def filter_needs_attention(self, queryset: Sessions, name: str, value: str) -> Sessions:
        needing = models.Q(attention__gte=NEEDS_STAFF)
        return queryset.filter(needing if value == "true" else ~needing)

    def filter_assignee(self, queryset: Sessions, name: str, value: str) -> Sessions:
        if value == "none":
            return queryset.filter(assignee=None)
        if value == "me":
            user = getattr(self.request, "user", None)
            if user is None or user.pk is None:
                raise invalid({"assignee": ["An API key has no conversations. Name a member."]})
            return queryset.filter(assignee__user=user)
        try:
            return queryset.filter(assignee_id=UUID(value))
        except ValueError:
            raise invalid({"assignee": ["Use me, none, or the id of a member."]}) from None

    def filter_waiting(self, queryset: Sessions, name: str, value: str) -> Sessions:
        waits = waiting(queryset)
        return waits if value == "true" else queryset.exclude(id__in=waits.order_by().values("id"))

    def filter_has_feedback(self, queryset: Sessions, name: str, value: str) -> Sessions:
        rated = WidgetMessage.objects.filter(rating__isnull=False)
        if value == "true":
            return _with(queryset, rated)
        return queryset.exclude(Exists(rated.filter(session=OuterRef("pk"))))

    def filter_rating(self, queryset: Sessions, name: str, value: str) -> Sessions:
        return _with(queryset, WidgetMessage.objects.filter(rating=value))

    def filter_search(self, queryset: Sessions, name: str, value: str) -> Sessions:
        return _with(queryset, WidgetMessage.objects.filter(content__icontains=value))


class MessageFilter(filters.FilterSet):  # type: ignore[misc]
    """Filter by author, outcome and rating."""

    role = filters.ChoiceFilter(
        choices=MessageRole.choices,
        help_text="`user`: messages from the visitor; `assistant`: answers and "
        "the lines of transitions; `staff`: messages from a person.",
    )
    status = filters.ChoiceFilter(
        choices=MessageStatus.choices, help_text="Messages with this status."
    )
    outcome = filters.ChoiceFilter(
        choices=AnswerOutcome.choices, help_text="Answers with this outcome."
    )
    rating = filters.ChoiceFilter(choices=Rating.choices, help_text="Answers with this rating.")


def _with(sessions: Sessions, messages: models.QuerySet[WidgetMessage]) -> Sessions:
    return sessions.filter(Exists(messages.filter(session=OuterRef("pk"))))
