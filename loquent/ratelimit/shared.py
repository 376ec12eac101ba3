"""Token buckets in Redis, shared by all processes; in local memory while Redis is down.

A bucket is one number: the moment at which it will be full again (the "generic cell rate
algorithm"). The key expires at that moment, so Redis holds only buckets in use.
"""

import hashlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

from django.conf import settings

from loquent.ratelimit.buckets import Rate, RateLimiter
from loquent.ratelimit.redis_client import redis_client
from loquent.telemetry.metrics import REDIS_FAILURES

logger = logging.getLogger(__name__)
Bucket = tuple[Rate, str]

PREFIX = "loquent:rate:"
# How long Redis is not called after a failure; then one caller retries.
PAUSE_SECONDS = 3.0

# KEYS: the buckets. ARGV: for each the microseconds in which a token fills, and its burst.
# Takes one token from each, or none at all. Only Redis' clock is used.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function write(key, level)
    redis.call('SET', key, string.format('%.0f', level),
        'PX', math.ceil((level - now) / 1000) + 1)
end
local full_at = {}
for i, key in ipairs(KEYS) do
    local fill, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local level = math.max(tonumber(redis.call('GET', key)) or now, now)
    if level > now + fill * burst then
        -- The clock was set back, or the limit lowered: from now on it is just empty.
        level = now + fill * burst
        write(key, level)
    end
    local wait = level + fill - now - fill * burst
    if wait > 1 then
        return {i, math.ceil(wait)}
    end
    full_at[i] = level + fill
end
for i, key in ipairs(KEYS) do
    write(key, full_at[i])
end
return 0
"""
GIVE_BACK = """
for i, key in ipairs(KEYS) do
    local level = tonumber(redis.call('GET', key))
    if level then
        redis.call('SET', key, string.format('%.0f', level - ARGV[2 * i - 1]), 'KEEPTTL')
    end
end
return 0
"""


class SharedLimiter:
    """A RateLimiter whose buckets are shared through settings.REDIS_URL, if there is one.

    A failing or slow Redis delays a call by half a second at most; then it is not called for
    PAUSE_SECONDS at a time, while this process counts by itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, for the pauses and the buckets of this process."""
        self._clock = clock
        self._local = RateLimiter(clock)
        self._lock = Lock()
        self._away_until: float | None = None

    def take(self, *wanted: Bucket) -> tuple[Rate, int] | None:
        """Take one token from every bucket, or none at all; see RateLimiter.take."""
        return self.take_each([wanted])[0]

    def take_each(self, wishes: Sequence[tuple[Bucket, ...]]) -> list[tuple[Rate, int] | None]:
        """Call `take` for each wish separately, in this order, in one round trip to Redis."""
        wishes = [_active(wanted) for wanted in wishes]
        answers = self._ask(TAKE, wishes)
        if answers is None:
            return [self._local.take(*wanted) for wanted in wishes]
        return [_refusal(wanted, answer) for wanted, answer in zip(wishes, answers, strict=True)]

    def give_back(self, *taken: Bucket) -> None:
        """Return the tokens of a `take`, because the action did not happen."""
        taken = _active(taken)
        if taken and self._ask(GIVE_BACK, [taken]) is None:
            self._local.give_back(*taken)

    def clear(self) -> None:
        """Forget everything, for all processes (tests)."""
        self._local.clear()
        self._away_until = None
        if settings.REDIS_URL:
            client = redis_client(settings.REDIS_URL)
            for key in client.scan_iter(f"{PREFIX}*"):
                client.delete(key)

    def _ask(self, text: str, wishes: Sequence[tuple[Bucket, ...]]) -> list[Any] | None:
        """Return Redis' answer to each wish; None if Redis is not configured or not available."""
        url = settings.REDIS_URL
        if not url or not any(wishes) or self._is_left_alone():
            return None
        from redis.exceptions import RedisError  # noqa: PLC0415 - see redis_client.py

        script = _script(url, text)
        try:
            if len(wishes) == 1:
                answers = [script(*_arguments(wishes[0]))]
            else:
                pipeline = redis_client(url).pipeline(transaction=False)
                for wanted in wishes:
                    script(*_arguments(wanted), client=pipeline)
                answers = pipeline.execute()
        except (RedisError, OSError) as error:
            self._note_away(error)
            return None
        if self._away_until is not None:
            self._note_back()
        return answers

    def _is_left_alone(self) -> bool:
        if self._away_until is None:
            return False
        with self._lock:
            now = self._clock()
            if self._away_until is None or now < self._away_until:
                return self._away_until is not None
            # This caller retries; the others wait for its result.
            self._away_until = now + PAUSE_SECONDS
            return False

    def _note_away(self, error: Exception) -> None:
        REDIS_FAILURES.labels("rates").inc()
        with self._lock:
            is_news = self._away_until is None
            self._away_until = self._clock() + PAUSE_SECONDS
        if is_news:
            logger.warning(
                "Redis is unreachable (%s): this process counts rates on its own.",
                type(error).__name__,
            )

    def _note_back(self) -> None:
        with self._lock:
            is_news, self._away_until = self._away_until is not None, None
        if is_news:
            logger.info("Redis is reachable again: rates are shared by all processes.")


# Buckets are kept apart by the names of their rates. A caller may wait for Redis: call it on a
# thread, and not inside a transaction.
limiter = SharedLimiter()


def _active(pairs: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    return tuple(pair for pair in pairs if not pair[0].is_off)


def _arguments(wanted: tuple[Bucket, ...]) -> tuple[list[str], list[int]]:
    keys = [_bucket(rate.name, key) for rate, key in wanted]
    return keys, [n for rate, _ in wanted for n in (_fill_microseconds(rate), rate.burst)]


def _refusal(wanted: tuple[Bucket, ...], answer: Any) -> tuple[Rate, int] | None:
    if answer == 0:
        return None
    position, wait = answer
    # A token that refills in 3 s must be available after 3 s: the script tolerates a microsecond.
    return wanted[position - 1][0], max(1, math.ceil((wait - 1) / 1_000_000))


def _bucket(name: str, key: str) -> str:
    """Return the key of a bucket in Redis; it does not reveal visitors' addresses."""
    digest = hashlib.blake2b(key.encode(), key=_digest_key(settings.SECRET_KEY), digest_size=16)
    return f"{PREFIX}{name}:{digest.hexdigest()}"


def _fill_microseconds(rate: Rate) -> int:
    return math.ceil(rate.period * 1_000_000 / rate.amount)


@lru_cache(maxsize=8)
def _digest_key(secret: str) -> bytes:
    return hashlib.sha256(b"loquent.rate" + secret.encode()).digest()


@lru_cache(maxsize=16)
def _script(url: str, text: str) -> Callable[..., Any]:
    return redis_client(url).register_script(text)
