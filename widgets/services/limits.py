"""How much a visitor, an address and a widget may use."""

import math
import zoneinfo
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode
from loquent.rates import Rate, RateLimiter
from widgets.models import WidgetConfig, WidgetDailyUsage

limiter = RateLimiter()

SOCKETS_RETRY_SECONDS = 60
SENTENCES = {
    "sockets_ip": "Many chats are open from your network. Please try again later.",
    "messages": "You are sending messages very fast. Please wait a moment.",
    "messages_day": "You have sent very many messages today. Please come back tomorrow.",
    "messages_ip": "Many messages come from your network. Please wait a moment.",
    "frames": "Your browser is sending too much. Please wait a moment.",
    "sessions_ip": "Many chats were opened from your network. Please try again later.",
    "contact_info": "You have sent your details very often. Please try again later.",
}


def take_message(*, session_key: str, ip: str) -> None:
    """Count one visitor's message; raises `rate_limited` with `retry_after`."""
    limits = settings.LIMITS
    _take(
        (Rate("messages", limits.messages_per_minute, 60, limits.messages_burst), session_key),
        (
            Rate("messages_day", limits.messages_per_day, 86_400, limits.messages_per_day),
            session_key,
        ),
        (
            Rate(
                "messages_ip",
                limits.messages_per_minute_per_ip,
                60,
                limits.messages_per_minute_per_ip,
            ),
            ip,
        ),
    )


def take_frame(*, socket_key: str) -> None:
    """Count one frame of a socket; raises `rate_limited`."""
    amount = settings.LIMITS.frames_per_minute
    _take((Rate("frames", amount, 60, amount), socket_key))


def take_session(*, ip: str) -> None:
    """Count one new session; raises `rate_limited`."""
    limits = settings.LIMITS
    _take((Rate("sessions_ip", limits.sessions_per_hour_per_ip, 3_600, limits.sessions_burst), ip))


def take_contact_info(*, session_key: str) -> None:
    """Count one contact form; raises `rate_limited`."""
    amount = settings.LIMITS.contact_info_per_hour
    _take((Rate("contact_info", amount, 3_600, amount), session_key))


def check_sockets(*, ip: str, count: int) -> None:
    """Refuse, with `rate_limited`, when an address has more open sockets than it may."""
    limit = settings.LIMITS.sockets_per_ip
    if settings.RATE_LIMITS and limit and count > limit:
        raise ApplicationError(
            ErrorCode.RATE_LIMITED, SENTENCES["sockets_ip"], retry_after=SOCKETS_RETRY_SECONDS
        )


def _take(*wanted: tuple[Rate, str]) -> None:
    if not settings.RATE_LIMITS:
        return
    refused = limiter.take(*wanted)
    if refused is not None:
        rate, retry_after = refused
        raise ApplicationError(
            ErrorCode.RATE_LIMITED, SENTENCES[rate.name], retry_after=retry_after
        )


def organization_day(timezone_name: str, now: datetime) -> tuple[date, int]:
    """The date in an organization's time zone, and the seconds until its midnight."""
    zone = zoneinfo.ZoneInfo(timezone_name)
    local = now.astimezone(zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), zone)
    return local.date(), max(1, math.ceil((midnight - now).total_seconds()))


def use_daily_message(*, widget: WidgetConfig) -> None:
    """Count one accepted message of a widget; raises `daily_cap_reached` when the cap is used up.

    Exact at any concurrency: one conditional UPDATE decides. Call it in the transaction that
    writes the message. Needs `widget.organization`.
    """
    cap = widget.daily_message_cap
    day, seconds = organization_day(widget.organization.timezone, timezone.now())
    if cap is None or cap > 0:
        usage = WidgetDailyUsage.objects.filter(widget=widget, day=day)
        if cap is not None:
            usage = usage.filter(messages__lt=cap)
        if usage.update(messages=F("messages") + 1):
            return
        WidgetDailyUsage.objects.bulk_create(
            [WidgetDailyUsage(widget=widget, day=day)], ignore_conflicts=True
        )
        if usage.update(messages=F("messages") + 1):
            return
    raise ApplicationError(
        ErrorCode.DAILY_CAP_REACHED,
        "This chat has reached its limit for today. Please come back tomorrow.",
        retry_after=seconds,
    )
