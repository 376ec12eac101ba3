"""Enforce rate limits per visitor and per address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from loquent.errors import ApplicationError, ErrorCode
from loquent.ratelimit.buckets import Rate, RateLimiter
from loquent.ratelimit.shared import SharedLimiter, limiter
from loquent.server.addresses import WIDER_FACTOR, address_buckets, wider_key
from widgets.types import LimitKind

# A Redis round trip per frame would cost more than the frame, so each process counts its own.
frame_limiter = RateLimiter()

SOCKETS_RETRY_SECONDS = 60
SENTENCES: dict[str, str] = {
    LimitKind.SOCKETS: "Too many chats are open right now. Please try again later.",
    LimitKind.SOCKETS_IP: "Too many chats are open from your network. Please try again later.",
    LimitKind.HANDSHAKES_IP: "Too many connections from your network. Please wait a moment.",
    LimitKind.MESSAGES: "You are sending messages too quickly. Please wait a moment.",
    LimitKind.MESSAGES_DAY: "You have reached the daily message limit. Please come back tomorrow.",
    LimitKind.MESSAGES_IP: "Too many messages from your network. Please wait a moment.",
    LimitKind.FRAMES: "Your browser is sending too many requests. Please wait a moment.",
    LimitKind.FRAMES_IP: "Too many requests from your network. Please wait a moment.",
    LimitKind.SESSIONS_IP: "Too many new chats from your network. Please try again later.",
    LimitKind.CONTACT_INFO: "You have sent your details too often. Please try again later.",
}


@dataclass(frozen=True, slots=True)
class Charge:
    """The tokens a message took from its rate limits; `refusal` if one of them was exhausted."""

    taken: tuple[tuple[Rate, str], ...]
    refusal: ApplicationError | None

    def give_back(self) -> None:
        """Return the tokens, because the message was not written."""
        if self.taken and self.refusal is None:
            limiter.give_back(*self.taken)


def charge_message(*, session_key: str, ip: str) -> Charge:
    """Count one visitor's message before the transaction that writes it.

    The transaction decides whether to enforce a refusal: a retry of an accepted message is never
    refused.
    """
    return charge_messages([(session_key, ip)])[0]


def charge_messages(writers: Sequence[tuple[str, str]]) -> list[Charge]:
    """`charge_message` for each `(session_key, ip)`, in one trip to Redis."""
    if not settings.RATE_LIMITS:
        return [Charge((), None)] * len(writers)
    wishes = [_message_rates(session_key, ip) for session_key, ip in writers]
    return [
        Charge(wanted, None if refused is None else _rate_error(*refused))
        for wanted, refused in zip(wishes, limiter.take_each(wishes), strict=True)
    ]


def _message_rates(session_key: str, ip: str) -> tuple[tuple[Rate, str], ...]:
    limits = settings.LIMITS
    per_ip = limits.messages_per_minute_per_ip
    return (
        (
            Rate(LimitKind.MESSAGES.value, limits.messages_per_minute, 60, limits.messages_burst),
            session_key,
        ),
        (
            Rate(
                LimitKind.MESSAGES_DAY.value,
                limits.messages_per_day,
                86_400,
                limits.messages_per_day,
            ),
            session_key,
        ),
        *address_buckets(Rate(LimitKind.MESSAGES_IP.value, per_ip, 60, per_ip), ip),
    )


def take_frame(*, socket_key: str, session_key: str, ip: str) -> None:
    """Count one frame per socket, session and address; raise `rate_limited`.

    A session may send as much as all its sockets together. The buckets of session and address
    outlive the socket, so that a client that reconnects doesn't start with full buckets.
    """
    if not settings.RATE_LIMITS:
        return
    limits = settings.LIMITS
    per_socket, per_session, per_address = _frame_rates(
        limits.frames_per_minute, limits.sockets_per_session, limits.frames_per_minute_per_ip
    )
    _take(
        frame_limiter,
        (per_socket, socket_key),
        (per_session, session_key),
        *address_buckets(per_address, ip),
    )


@lru_cache(maxsize=8)
def _frame_rates(per_socket: int, sockets: int, per_address: int) -> tuple[Rate, Rate, Rate]:
    return (
        Rate(LimitKind.FRAMES.value, per_socket, 60, per_socket),
        Rate(LimitKind.FRAMES.value, per_socket * sockets, 60, per_socket * sockets),
        Rate(LimitKind.FRAMES_IP.value, per_address, 60, per_address),
    )


def take_handshake(*, ip: str) -> None:
    """Count one handshake per address, resumes included; raise `rate_limited`."""
    limits = settings.LIMITS
    amount, burst = limits.handshakes_per_minute_per_ip, limits.handshakes_burst
    _take(limiter, *address_buckets(Rate(LimitKind.HANDSHAKES_IP.value, amount, 60, burst), ip))


def take_session(*, ip: str) -> None:
    """Count one new session; raise `rate_limited`."""
    limits = settings.LIMITS
    rate = Rate(
        LimitKind.SESSIONS_IP.value, limits.sessions_per_hour_per_ip, 3_600, limits.sessions_burst
    )
    _take(limiter, *address_buckets(rate, ip))


def take_contact_info(*, session_key: str) -> None:
    """Count one contact form; raise `rate_limited`."""
    amount = settings.LIMITS.contact_info_per_hour
    _take(limiter, (Rate(LimitKind.CONTACT_INFO.value, amount, 3_600, amount), session_key))


def check_sockets(*, ip: str, by_ip: Mapping[str, int], total: int) -> None:
    """Raise `rate_limited` if an address, or this process, has too many open sockets."""
    if 0 < settings.MAX_SOCKETS < total:
        raise _sockets_error(LimitKind.SOCKETS)
    limit, wider = settings.LIMITS.sockets_per_ip, wider_key(ip)
    if not settings.RATE_LIMITS or not limit:
        return
    if by_ip[ip] > limit or (wider is not None and by_ip[wider] > limit * WIDER_FACTOR):
        raise _sockets_error(LimitKind.SOCKETS_IP)


def _sockets_error(kind: LimitKind) -> ApplicationError:
    return ApplicationError(
        ErrorCode.RATE_LIMITED, SENTENCES[kind], retry_after=SOCKETS_RETRY_SECONDS, limit=kind
    )


def _take(buckets: SharedLimiter | RateLimiter, *wanted: tuple[Rate, str]) -> None:
    if not settings.RATE_LIMITS:
        return
    refused = buckets.take(*wanted)
    if refused is not None:
        raise _rate_error(*refused)


def _rate_error(rate: Rate, retry_after: int) -> ApplicationError:
    return ApplicationError(
        ErrorCode.RATE_LIMITED, SENTENCES[rate.name], retry_after=retry_after, limit=rate.name
    )
