"""Enforce rate limits per visitor and per address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from loquent.errors import ApplicationError, ErrorCode
from loquent.ratelimit.buckets import Rate, RateLimiter
from loquent.ratelimit.shared import SharedLimiter, limiter
from loquent.server.addresses import WIDER_FACTOR, address_buckets, wider_key
from widgets.types import LimitKind

# A Redis round trip per frame would cost more than the frame, so each process counts its own.
frame_limiter = RateLimiter()

SOCKETS_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class VisitorLimit:
    """What a visitor reads when the limit refuses, and its rate, unless it counts open sockets.

    `amount` per `period` seconds, and `burst` immediately; both are fields of `Limits`. Without a
    `burst`, the whole amount can be used immediately.
    """

    sentence: str
    amount: str = ""
    period: int = 60
    burst: str = ""


# The only place that connects a limit with its settings and its sentence.
VISITOR_LIMITS = {
    LimitKind.MESSAGES: VisitorLimit(
        "You are sending messages too quickly. Please wait a moment.",
        "messages_per_minute",
        burst="messages_burst",
    ),
    LimitKind.MESSAGES_DAY: VisitorLimit(
        "You have reached the daily message limit. Please come back tomorrow.",
        "messages_per_day",
        86_400,
    ),
    LimitKind.MESSAGES_IP: VisitorLimit(
        "Too many messages from your network. Please wait a moment.",
        "messages_per_minute_per_ip",
    ),
    LimitKind.FRAMES: VisitorLimit(
        "Your browser is sending too many requests. Please wait a moment.",
        "frames_per_minute",
    ),
    LimitKind.FRAMES_IP: VisitorLimit(
        "Too many requests from your network. Please wait a moment.",
        "frames_per_minute_per_ip",
    ),
    LimitKind.HANDSHAKES_IP: VisitorLimit(
        "Too many connections from your network. Please wait a moment.",
        "handshakes_per_minute_per_ip",
        burst="handshakes_burst",
    ),
    LimitKind.SESSIONS_IP: VisitorLimit(
        "Too many new chats from your network. Please try again later.",
        "sessions_per_hour_per_ip",
        3_600,
        "sessions_burst",
    ),
    LimitKind.CONTACT_INFO: VisitorLimit(
        "You have sent your details too often. Please try again later.",
        "contact_info_per_hour",
        3_600,
    ),
    LimitKind.ASK_PERSON: VisitorLimit(
        "You have asked for a person too often. Please try again later.",
        "ask_person_per_hour",
        3_600,
    ),
    LimitKind.SOCKETS: VisitorLimit("Too many chats are open right now. Please try again later."),
    LimitKind.SOCKETS_IP: VisitorLimit(
        "Too many chats are open from your network. Please try again later."
    ),
}


@dataclass(frozen=True, slots=True)
class Charge:
    """The tokens a message took from its rate limits; `refusal` if one of them was exhausted."""

    taken: tuple[tuple[Rate, str], ...]
    refusal: ApplicationError | None
    # If the daily limit refused: the same without that limit, which a person's chats don't have.
    without_day: "Charge | None" = None

    def refusal_for(self, *, is_for_agent: bool) -> ApplicationError | None:
        """Return the refusal of a message that the agent, or a person, is to answer."""
        if is_for_agent or self.without_day is None:
            return self.refusal
        return self.without_day.refusal

    def give_back(self) -> None:
        """Return the tokens, because the message was not written."""
        if self.taken and self.refusal is None:
            limiter.give_back(*self.taken)
        if self.without_day is not None:
            self.without_day.give_back()

    def give_back_day(self) -> None:
        """Return the token of the daily limit, because a person answers the message."""
        if self.refusal is None:
            day = [each for each in self.taken if each[0].name == LimitKind.MESSAGES_DAY]
            if day:
                limiter.give_back(*day)


def charge_message(*, session_key: str, ip: str | None) -> Charge:
    """Count one visitor's message before the transaction that writes it; None: staff act.

    The transaction decides whether to enforce a refusal: a retry of an accepted message is never
    refused.
    """
    return charge_messages([(session_key, ip)])[0]


def charge_messages(writers: Sequence[tuple[str, str | None]]) -> list[Charge]:
    """`charge_message` for each `(session_key, ip)`, in one trip to Redis."""
    if not settings.RATE_LIMITS:
        return [Charge((), None)] * len(writers)
    wishes = [_message_rates(session_key, ip) for session_key, ip in writers]
    return [_charge(*each) for each in zip(wishes, limiter.take_each(wishes), strict=True)]


def _charge(wanted: tuple[tuple[Rate, str], ...], refused: tuple[Rate, int] | None) -> Charge:
    if refused is None:
        return Charge(wanted, None)
    without_day = None
    if refused[0].name == LimitKind.MESSAGES_DAY:
        others = tuple(each for each in wanted if each[0].name != LimitKind.MESSAGES_DAY)
        without_day = _charge(others, limiter.take_each([others])[0])
    return Charge(wanted, _rate_error(*refused), without_day)


def _message_rates(session_key: str, ip: str | None) -> tuple[tuple[Rate, str], ...]:
    return (
        (_rate(LimitKind.MESSAGES), session_key),
        (_rate(LimitKind.MESSAGES_DAY), session_key),
        *(() if ip is None else address_buckets(_rate(LimitKind.MESSAGES_IP), ip)),
    )


def take_frame(*, socket_key: str, session_key: str, ip: str) -> None:
    """Count one frame per socket, session and address; raise `rate_limited`.

    A session may send as much as all its sockets together. The buckets of session and address
    outlive the socket, so that a client that reconnects doesn't start with full buckets.
    """
    if not settings.RATE_LIMITS:
        return
    _take(
        frame_limiter,
        (_rate(LimitKind.FRAMES), socket_key),
        (_rate(LimitKind.FRAMES, times=settings.LIMITS.sockets_per_session), session_key),
        *address_buckets(_rate(LimitKind.FRAMES_IP), ip),
    )


def take_handshake(*, ip: str) -> None:
    """Count one handshake per address, resumes included; raise `rate_limited`."""
    _take(limiter, *address_buckets(_rate(LimitKind.HANDSHAKES_IP), ip))


def take_session(*, ip: str) -> None:
    """Count one new session; raise `rate_limited`."""
    _take(limiter, *address_buckets(_rate(LimitKind.SESSIONS_IP), ip))


def take_contact_info(*, session_key: str) -> None:
    """Count one contact form; raise `rate_limited`."""
    _take(limiter, (_rate(LimitKind.CONTACT_INFO), session_key))


def take_reply_email(*, session_key: str) -> None:
    """Count one email address for replies, at the rate of contact forms; raise `rate_limited`."""
    _take(limiter, (_rate(LimitKind.CONTACT_INFO), f"reply:{session_key}"))


def take_ask_person(*, session_key: str) -> None:
    """Count one call for a person; raise `rate_limited`."""
    _take(limiter, (_rate(LimitKind.ASK_PERSON), session_key))


def check_sockets(*, ip: str, by_ip: Mapping[str, int], total: int) -> None:
    """Raise `rate_limited` if an address, or this process, has too many open sockets."""
    if 0 < settings.MAX_SOCKETS < total:
        raise _refusal_error(LimitKind.SOCKETS, SOCKETS_RETRY_SECONDS)
    limit, wider = settings.LIMITS.sockets_per_ip, wider_key(ip)
    if not settings.RATE_LIMITS or not limit:
        return
    if by_ip[ip] > limit or (wider is not None and by_ip[wider] > limit * WIDER_FACTOR):
        raise _refusal_error(LimitKind.SOCKETS_IP, SOCKETS_RETRY_SECONDS)


def _rate(kind: LimitKind, *, times: int = 1) -> Rate:
    """Return the rate of the settings, multiplied by `times`."""
    global _rates  # noqa: PLW0603 - a process has one set of limits
    limits = settings.LIMITS
    if _rates[0] is not limits:
        _rates = (limits, {})
    known = _rates[1]
    if (kind, times) not in known:
        limit = VISITOR_LIMITS[kind]
        amount = getattr(limits, limit.amount) * times
        burst = getattr(limits, limit.burst or limit.amount) * times
        known[kind, times] = Rate(kind.value, amount, limit.period, burst)
    return known[kind, times]


# Each message asks for six: they are computed once for the limits of the settings.
_rates: tuple[object, dict[tuple[LimitKind, int], Rate]] = (None, {})


def _take(buckets: SharedLimiter | RateLimiter, *wanted: tuple[Rate, str]) -> None:
    if not settings.RATE_LIMITS:
        return
    refused = buckets.take(*wanted)
    if refused is not None:
        raise _rate_error(*refused)


def _rate_error(rate: Rate, retry_after: int) -> ApplicationError:
    return _refusal_error(LimitKind(rate.name), retry_after)


def _refusal_error(kind: LimitKind, retry_after: int) -> ApplicationError:
    sentence = VISITOR_LIMITS[kind].sentence
    return ApplicationError(
        ErrorCode.RATE_LIMITED, sentence, retry_after=retry_after, limit=kind.value
    )
