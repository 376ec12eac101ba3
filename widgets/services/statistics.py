"""Figures for staff."""

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from widgets.models import WidgetConfig, WidgetDailyUsage
from widgets.services.limits import organization_day


def with_usage(widgets: QuerySet[WidgetConfig]) -> QuerySet[WidgetConfig]:
    """The widgets with their newest counted day and its messages, for `used_today`.

    Today is another date in each organization's time zone, so the comparison comes after.
    """
    newest = WidgetDailyUsage.objects.filter(widget=OuterRef("pk")).order_by("-day")
    return widgets.annotate(
        usage_day=Subquery(newest.values("day")[:1]),
        usage_messages=Coalesce(
            Subquery(newest.values("messages")[:1], output_field=IntegerField()), 0
        ),
    )


def used_today(widget: WidgetConfig) -> int:
    """The accepted messages of a widget of `with_usage` on its organization's today."""
    today, _ = organization_day(widget.organization.timezone, timezone.now())
    return widget.usage_messages if widget.usage_day == today else 0  # type: ignore[attr-defined]
