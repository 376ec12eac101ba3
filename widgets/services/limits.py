"""How much a visitor, an address and a widget may use."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.days import organization_day
from loquent.rates import Rate, RateLimiter
from loquent.shared_rates import SharedLimiter
from widgets.models import WidgetConfig, WidgetDailyUsage
from widgets.types import LimitKind

# Taking from it may wait for Redis: on database threads only, and not inside a transaction.
limiter = SharedLimiter()
# A socket lives in one process.
frame_limiter = RateLimiter()

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


@dataclass(frozen=True, slots=True)
class Charge:
    """What a message took from its rates; `refusal` where one of them had nothing left."""

    taken: tuple[tuple[Rate, str], ...]
    refusal: ApplicationError | None

    def give_back(self) -> None:
        """The message was not written: it is not counted."""
        if self.taken and self.refusal is None:
            limiter.give_back(*self.taken)


def charge_message(*, session_key: str, ip: str) -> Charge:
    """Count one visitor's message, before the transaction that writes it.

    Whether a refusal matters shows only there: a repeat of an accepted message is none of it.
    """
    return charge_messages([(session_key, ip)])[0]


def charge_messages(writers: Sequence[tuple[str, str]]) -> list[Charge]:
    """`charge_message` for each `(session_key, ip)`, in one trip to Redis."""
    if not settings.RATE_LIMITS:
        return [Charge((), None)] * len(writers)
    wishes = [_message_rates(session_key, ip) for session_key, ip in writers]
    return [
        Charge(wanted, None if refused is None else _refusal(*refused))
        for wanted, refused in zip(wishes, limiter.take_each(wishes), strict=True)
    ]


def _message_rates(session_key: str, ip: str) -> tuple[tuple[Rate, str], ...]:
    limits = settings.LIMITS
    return (
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
    _take(frame_limiter, Rate("frames", amount, 60, amount), socket_key)


def take_session(*, ip: str) -> None:
    """Count one new session; raises `rate_limited`."""
    limits = settings.LIMITS
    rate = Rate("sessions_ip", limits.sessions_per_hour_per_ip, 3_600, limits.sessions_burst)
    _take(limiter, rate, ip)


def take_contact_info(*, session_key: str) -> None:
    """Count one contact form; raises `rate_limited`."""
    amount = settings.LIMITS.contact_info_per_hour
    _take(limiter, Rate("contact_info", amount, 3_600, amount), session_key)


def check_sockets(*, ip: str, count: int) -> None:
    """Refuse, with `rate_limited`, when an address has more open sockets than it may."""
    limit = settings.LIMITS.sockets_per_ip
    if settings.RATE_LIMITS and limit and count > limit:
        raise ApplicationError(
            ErrorCode.RATE_LIMITED,
            SENTENCES["sockets_ip"],
            retry_after=SOCKETS_RETRY_SECONDS,
            limit=LimitKind.SOCKETS_IP,
        )


def _take(buckets: SharedLimiter | RateLimiter, rate: Rate, key: str) -> None:
    if not settings.RATE_LIMITS:
        return
    refused = buckets.take((rate, key))
    if refused is not None:
        raise _refusal(*refused)


def _refusal(rate: Rate, retry_after: int) -> ApplicationError:
    return ApplicationError(
        ErrorCode.RATE_LIMITED, SENTENCES[rate.name], retry_after=retry_after, limit=rate.name
    )


@dataclass(frozen=True, slots=True)
class DailyCap:
    """How many messages a widget may take a day (None: as many as come), and whose days."""

    widget_pk: uuid.UUID
    messages: int | None
    timezone: str


def daily_cap(widget: WidgetConfig) -> DailyCap:
    """The cap of a widget."""
    return DailyCap(widget.id, widget.daily_message_cap, widget.organization.timezone)


def use_daily_message(*, cap: DailyCap) -> None:
    """Count one accepted message of a widget; raises `daily_cap_reached` when the cap is used up.

    Exact at any concurrency: one conditional UPDATE decides. Call it in the transaction that
    writes the message.
    """
    if not use_daily_messages(cap=cap, wanted=1):
        raise daily_cap_reached(cap=cap)


def use_daily_messages(*, cap: DailyCap, wanted: int) -> int:
    """Count so many messages, as `use_daily_message` does one; gives how many may be written."""
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
    # The last ones before the cap.
    used = 0
    while used < wanted - 1 and _count(cap, day, 1):
        used += 1
    return used


def _count(cap: DailyCap, day: date, messages: int) -> bool:
    usage = WidgetDailyUsage.objects.filter(widget_id=cap.widget_pk, day=day)
    if cap.messages is not None:
        usage = usage.filter(messages__lte=cap.messages - messages)
    return bool(usage.update(messages=F("messages") + messages))


def daily_cap_reached(*, cap: DailyCap) -> ApplicationError:
    """The refusal of a message over the widget's cap."""
    _, seconds = organization_day(cap.timezone, timezone.now())
    return ApplicationError(
        ErrorCode.DAILY_CAP_REACHED,
        "This chat has reached its limit for today. Please come back tomorrow.",
        retry_after=seconds,
        limit=LimitKind.DAILY_CAP,
    )
