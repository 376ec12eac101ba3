"""Enforce the daily message limit of a widget, which counts by days of its organization."""

import uuid
from dataclasses import dataclass
from datetime import date

from django.db.models import F
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.services.days import organization_day
from widgets.models import WidgetConfig, WidgetDailyUsage
from widgets.types import LimitKind


@dataclass(frozen=True, slots=True)
class DailyCap:
    """How many messages a widget accepts per day (None: unlimited), and in which time zone."""

    widget_pk: uuid.UUID
    messages: int | None
    timezone: str


def daily_cap(widget: WidgetConfig) -> DailyCap:
    return DailyCap(widget.id, widget.daily_message_cap, widget.organization.timezone)


def use_daily_message(*, cap: DailyCap) -> None:
    """Count one accepted message; raise `daily_cap_reached` if the cap is used up.

    The count is exact at any concurrency, because one conditional UPDATE decides. Call this in the
    transaction that writes the message.
    """
    if not use_daily_messages(cap=cap, wanted=1):
        raise daily_cap_error(cap=cap)


def use_daily_messages(*, cap: DailyCap, wanted: int) -> int:
    """Count `wanted` messages, as `use_daily_message` does one; return how many may be written."""
    if cap.messages is not None and cap.messages <= 0:
        return 0
    day, _ = organization_day(cap.timezone, timezone.now())
    if _count(cap, day, wanted):
        return wanted
    WidgetDailyUsage.objects.bulk_create(
        [WidgetDailyUsage(widget_id=cap.widget_pk, day=day)], ignore_conflicts=True
    )
    if _count(cap, day, wanted):
        return wanted
    # Fewer than wanted are left: take the rest of the cap.
    used = 0
    while used < wanted - 1 and _count(cap, day, 1):
        used += 1
    return used


def _count(cap: DailyCap, day: date, messages: int) -> bool:
    usage = WidgetDailyUsage.objects.filter(widget_id=cap.widget_pk, day=day)
    if cap.messages is not None:
        usage = usage.filter(messages__lte=cap.messages - messages)
    return bool(usage.update(messages=F("messages") + messages))


def daily_cap_error(*, cap: DailyCap) -> ApplicationError:
    """Return the refusal of a message over the widget's cap."""
    _, seconds = organization_day(cap.timezone, timezone.now())
    return ApplicationError(
        ErrorCode.DAILY_CAP_REACHED,
        "This chat has reached its limit for today. Please come back tomorrow.",
        retry_after=seconds,
        limit=LimitKind.DAILY_CAP,
    )
