"""Rates in a real Redis, shared by several processes; and without it."""

import logging
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_django import Settings
from redis import Redis

from contacts.tests.parallel import in_parallel
from loquent.ratelimit import shared as shared_rates
from loquent.ratelimit.buckets import Rate
from loquent.ratelimit.redis_client import redis_client
from loquent.ratelimit.shared import PAUSE_SECONDS, TAKE, SharedLimiter
from loquent.testing.rig import Service, own_home, start_redis

pytestmark = pytest.mark.server

PER_MINUTE = Rate("messages", amount=20, period=60, burst=5)
SCARCE = Rate("scarce", amount=1, period=60, burst=1)
# Redis' own clock can't be set: the tests' copy of the script reads a list instead.
CLOCK_KEY = "clock"


class Clock:
    """This process's clock; stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class RedisServer:
    """A Redis of the test, whose clock the test turns."""

    service: Service
    client: Redis

    def turn_clock(self, microseconds: int) -> None:
        seconds, rest = divmod(microseconds, 1_000_000)
        self.client.delete(CLOCK_KEY)
        self.client.rpush(CLOCK_KEY, seconds, rest)

    def keys(self) -> list[str]:
        return sorted(key.decode() for key in self.client.scan_iter(f"{shared_rates.PREFIX}*"))


@pytest.fixture(scope="module")
def redis_service() -> Iterator[tuple[Service, str]]:
    with tempfile.TemporaryDirectory(prefix="loquent-redis-") as name:
        own_home(Path(name))
        service, url = start_redis(Path(name))
        try:
            service.wait_until_ready()
            yield service, url
        finally:
            service.end()
            redis_client(url).close()


@pytest.fixture
def server(
    redis_service: tuple[Service, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedisServer]:
    service, url = redis_service
    settings.REDIS_URL = url
    clock_of_test = f"redis.call('LRANGE', '{CLOCK_KEY}', 0, -1)"
    assert "redis.call('TIME')" in TAKE
    monkeypatch.setattr(shared_rates, "TAKE", TAKE.replace("redis.call('TIME')", clock_of_test))
    server = RedisServer(service, Redis.from_url(url))
    server.client.flushall()
    server.turn_clock(NOW)
    yield server
    server.client.close()


NOW = 1_790_000_000_123_456
SECOND = 1_000_000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def two(server: RedisServer, clock: Clock) -> tuple[SharedLimiter, SharedLimiter]:
    """The limiters of two processes."""
    return SharedLimiter(clock), SharedLimiter(clock)


def test_two_processes_share_a_bucket(
    two: tuple[SharedLimiter, SharedLimiter], server: RedisServer
) -> None:
    here, there = two
    assert [limiter.take((PER_MINUTE, "a")) for limiter in (here, there, here, there, here)] == [
        None
    ] * 5
    assert there.take((PER_MINUTE, "a")) == (PER_MINUTE, 3)
    server.turn_clock(NOW + 2 * SECOND)
    assert here.take((PER_MINUTE, "a")) == (PER_MINUTE, 1)
    server.turn_clock(NOW + 3 * SECOND)
    assert there.take((PER_MINUTE, "a")) is None
    assert here.take((PER_MINUTE, "a")) == (PER_MINUTE, 3)
    assert here.take((PER_MINUTE, "b")) is None


def test_concurrent_requests_get_exactly_the_burst(
    two: tuple[SharedLimiter, SharedLimiter],
) -> None:
    rate = Rate("messages", amount=20, period=60, burst=7)
    outcomes = in_parallel(lambda n: two[n % 2].take((rate, "a")), range(24))
    assert outcomes.count(None) == 7


def test_charge_takes_all_buckets_or_none(two: tuple[SharedLimiter, SharedLimiter]) -> None:
    here, there = two
    assert here.take((PER_MINUTE, "a"), (SCARCE, "a")) is None
    for limiter in two:
        assert limiter.take((PER_MINUTE, "a"), (SCARCE, "a")) == (SCARCE, 60)
    assert sum(there.take((PER_MINUTE, "a")) is None for _ in range(10)) == 4


def test_full_bucket_is_not_stored(
    two: tuple[SharedLimiter, SharedLimiter], server: RedisServer
) -> None:
    two[0].take((PER_MINUTE, "a"))
    [key] = server.keys()
    # A token of 20 a minute fills in 3 s.
    assert 2_000 < int(server.client.pttl(key)) <= 3_001


def test_addresses_are_not_in_redis(
    two: tuple[SharedLimiter, SharedLimiter], server: RedisServer, settings: Settings
) -> None:
    two[0].take((PER_MINUTE, "192.0.2.1"))
    [key] = server.keys()
    assert key.startswith("loquent:rate:messages:")
    assert "192.0.2.1" not in key
    settings.SECRET_KEY = "another key, as long as a key for tests should be"
    two[0].take((PER_MINUTE, "192.0.2.1"))
    assert len(server.keys()) == 2


def test_refunded_tokens_can_be_taken_again(
    two: tuple[SharedLimiter, SharedLimiter], server: RedisServer
) -> None:
    here, there = two
    for _ in range(5):
        assert here.take((PER_MINUTE, "a")) is None
    there.give_back((PER_MINUTE, "a"))
    assert here.take((PER_MINUTE, "a")) is None
    assert here.take((PER_MINUTE, "a")) == (PER_MINUTE, 3)
    here.give_back((PER_MINUTE, "never taken"))
    assert sum(here.take((PER_MINUTE, "never taken")) is None for _ in range(9)) == 5


@pytest.mark.parametrize("off", [Rate("x", 0, 60, 5), Rate("x", 5, 60, 0)])
def test_zero_disables_a_rate(
    two: tuple[SharedLimiter, SharedLimiter], server: RedisServer, off: Rate
) -> None:
    assert all(two[0].take((off, "a")) is None for _ in range(20))
    two[0].give_back((off, "a"))
    assert server.keys() == []


def test_clock_set_back_does_not_block_requests(
    two: tuple[SharedLimiter, SharedLimiter], server: RedisServer
) -> None:
    assert two[0].take((SCARCE, "a")) is None
    server.turn_clock(NOW - 86_400 * SECOND)
    assert two[0].take((SCARCE, "a")) == (SCARCE, 60)
    server.turn_clock(NOW - 86_340 * SECOND)
    assert two[0].take((SCARCE, "a")) is None


def test_hanging_redis_is_skipped_logged_once_and_found_again(
    two: tuple[SharedLimiter, SharedLimiter],
    server: RedisServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    here, there = two
    for _ in range(5):
        assert here.take((PER_MINUTE, "a")) is None
    process = server.service._process
    process.send_signal(signal.SIGSTOP)
    try:
        # It counts by itself from now on, from a full bucket, and doesn't wait again.
        outcomes = [here.take((PER_MINUTE, "a")) for _ in range(100)]
        assert outcomes.count(None) == 5
        clock.now += PAUSE_SECONDS + 0.1
        here.take((PER_MINUTE, "b"))
    finally:
        process.send_signal(signal.SIGCONT)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Redis is unreachable (TimeoutError)" in caplog.text
    # The other process has not asked meanwhile, and shares the bucket as it was.
    assert there.take((PER_MINUTE, "a")) == (PER_MINUTE, 3)
    clock.now += PAUSE_SECONDS + 0.1
    assert here.take((PER_MINUTE, "a")) == (PER_MINUTE, 3)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_unreachable_redis_falls_back_to_the_process(
    settings: Settings, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://:secret-word@127.0.0.1:9/0"
    limiter = SharedLimiter(clock)
    outcomes = in_parallel(lambda _: limiter.take((PER_MINUTE, "a")), range(24))
    assert outcomes.count(None) == 5
    limiter.give_back((PER_MINUTE, "a"))
    assert limiter.take((PER_MINUTE, "a")) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "secret-word" not in caplog.text


def test_restarted_redis_is_used_immediately(
    two: tuple[SharedLimiter, SharedLimiter],
    server: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert two[0].take((PER_MINUTE, "a")) is None
    # What a restart does to this process: its connections are closed, scripts are forgotten.
    server.client.script_flush()
    server.client.client_kill_filter(_type="normal", skipme=True)
    assert two[0].take((PER_MINUTE, "a")) is None
    assert len(server.keys()) == 1
    assert caplog.records == []


def test_redis_clock_is_used(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = SharedLimiter()
    monkeypatch.setattr(shared_rates, "TAKE", TAKE)
    assert [limiter.take((SCARCE, "now")) for _ in range(2)] == [None, (SCARCE, 60)]
