"""Token buckets, on a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.ratelimit import buckets as rates
from loquent.ratelimit.buckets import Rate, RateLimiter
from loquent.testing.clock import Clock

PER_MINUTE = Rate("messages", amount=20, period=60, burst=5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> RateLimiter:
    return RateLimiter(clock)


def test_burst_is_followed_by_a_steady_rate(limiter: RateLimiter, clock: Clock) -> None:
    assert [limiter.take((PER_MINUTE, "a")) for _ in range(5)] == [None] * 5
    assert limiter.take((PER_MINUTE, "a")) == (PER_MINUTE, 3)
    clock.now += 2
    assert limiter.take((PER_MINUTE, "a")) == (PER_MINUTE, 1)
    clock.now += 1
    assert limiter.take((PER_MINUTE, "a")) is None
    assert limiter.take((PER_MINUTE, "a")) == (PER_MINUTE, 3)


def test_a_bucket_never_holds_more_than_its_burst(limiter: RateLimiter, clock: Clock) -> None:
    limiter.take((PER_MINUTE, "a"))
    clock.now += 1_000_000
    assert sum(limiter.take((PER_MINUTE, "a")) is None for _ in range(20)) == 5


def test_keys_and_rate_names_are_independent(limiter: RateLimiter) -> None:
    other = Rate("frames", amount=20, period=60, burst=1)
    for _ in range(5):
        limiter.take((PER_MINUTE, "a"))
    assert limiter.take((PER_MINUTE, "b")) is None
    assert limiter.take((other, "a")) is None


def test_charge_takes_all_buckets_or_none(limiter: RateLimiter) -> None:
    scarce = Rate("scarce", amount=1, period=60, burst=1)
    assert limiter.take((PER_MINUTE, "a"), (scarce, "a")) is None
    for _ in range(3):
        assert limiter.take((PER_MINUTE, "a"), (scarce, "a")) == (scarce, 60)
    # The refused attempts took nothing of the other bucket.
    assert sum(limiter.take((PER_MINUTE, "a")) is None for _ in range(10)) == 4


@pytest.mark.parametrize("off", [Rate("x", 0, 60, 5), Rate("x", 5, 60, 0)])
def test_zero_disables_a_rate(limiter: RateLimiter, off: Rate) -> None:
    assert off.is_off
    assert all(limiter.take((off, "a")) is None for _ in range(100))


def test_least_recently_used_buckets_are_evicted(
    limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MAX_BUCKETS", 2)
    once = Rate("once", amount=1, period=3_600, burst=1)
    for key in ("a", "b", "c"):
        assert limiter.take((once, key)) is None
    assert limiter.take((once, "c")) is not None
    assert limiter.take((once, "a")) is None


def test_clear_resets_all_buckets(limiter: RateLimiter) -> None:
    once = Rate("once", amount=1, period=3_600, burst=1)
    limiter.take((once, "a"))
    limiter.clear()
    assert limiter.take((once, "a")) is None


@given(
    st.integers(1, 50),
    st.sampled_from([60.0, 3_600.0]),
    st.integers(1, 20),
    st.lists(st.floats(0, 100), max_size=60),
)
def test_rate_is_never_exceeded(amount: int, period: float, burst: int, waits: list[float]) -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    rate = Rate("x", amount, period, burst)
    taken = 0
    for wait in waits:
        clock.now += wait
        refused = limiter.take((rate, "a"))
        taken += refused is None
        assert taken <= burst + sum(waits) * amount / period + 1e-6
        if refused is not None:
            # After the stated seconds it goes through.
            clock.now += refused[1]
            assert limiter.take((rate, "a")) is None
            return
