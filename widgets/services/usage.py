"""Annotate widgets with usage figures for staff."""

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from loquent.organizations.models import Organization
from loquent.organizations.services.days import day_began, organization_day
from widgets.models import LimitHit, WidgetConfig, WidgetDailyUsage, WidgetSession


def with_usage(widgets: QuerySet[WidgetConfig]) -> QuerySet[WidgetConfig]:
    """Annotate widgets with their newest counted day, for `used_today` and `refused_today`.

    Each organization's time zone has its own date, so those functions compare it with today.
    """
    hits = LimitHit.objects.filter(widget=OuterRef("pk"))
    # Drop the default ordering, because the aggregation would also group by it.
    total = hits.order_by().filter(day=OuterRef("hits_day")).values("widget")
    newest = WidgetDailyUsage.objects.filter(widget=OuterRef("pk")).order_by("-day")
    return widgets.annotate(
        usage_day=Subquery(newest.values("day")[:1]),
        usage_messages=Coalesce(
            Subquery(newest.values("messages")[:1], output_field=IntegerField()), 0
        ),
        hits_day=Subquery(hits.order_by("-day").values("day")[:1]),
    ).annotate(hits=Subquery(total.annotate(total=Sum("count")).values("total")))


def with_conversations(widgets: QuerySet[WidgetConfig]) -> QuerySet[WidgetConfig]:
    """Annotate widgets with today's conversations (organization day) and the newest's time."""
    now = timezone.now()
    zones = Organization.objects.order_by().values_list("timezone", flat=True).distinct()
    began = [When(organization__timezone=zone, then=Value(day_began(zone, now))) for zone in zones]
    sessions = WidgetSession.objects.filter(widget=OuterRef("pk")).order_by()
    today = sessions.filter(created_at__gte=OuterRef("day_began")).values("widget")
    newest = sessions.order_by("-created_at").values("created_at")[:1]
    return widgets.annotate(
        day_began=Case(*began, default=Value(now), output_field=DateTimeField())
    ).annotate(
        conversations_today=Coalesce(
            Subquery(today.annotate(total=Count("id")).values("total")), 0
        ),
        last_conversation_at=Subquery(newest),
    )


def used_today(widget: WidgetConfig) -> int:
    """Return the messages accepted today (organization day) by a widget from `with_usage`."""
    today, _ = organization_day(widget.organization.timezone, timezone.now())
    return widget.usage_messages if widget.usage_day == today else 0  # type: ignore[attr-defined]


def refused_today(widget: WidgetConfig) -> int:
    """Return how often limits refused something today for a widget from `with_usage`."""
    today, _ = organization_day(widget.organization.timezone, timezone.now())
    return widget.hits if widget.hits_day == today else 0  # type: ignore[attr-defined]


def refusals_today(widget: WidgetConfig) -> list[tuple[str, int]]:
    """Return the limits that refused something today, by label, with counts; highest first."""
    today, _ = organization_day(widget.organization.timezone, timezone.now())
    rows = LimitHit.objects.filter(widget=widget, day=today).order_by("-count", "kind")
    return [(row.get_kind_display(), row.count) for row in rows]
