"""An endpoint that fails every turn is left alone, probed, and found again."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import pytest

from loquent.agents.services.breaker import FAILURES, REMEMBERED, Breaker, Breakers, breakers
from loquent.agents.tests import endpoint_scripts as scripts
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.replies import collect, collect_failure, make_reply
from loquent.agents.types import BackendError
from loquent.testing.clock import Clock

OUTAGE = BackendError("it is away", permanent=False)
REFUSAL = BackendError("it won't", permanent=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("test", clock=clock, jitter=lambda: 1.0)


def turn(breaker: Breaker, error: BaseException | None = None) -> bool:
    """One turn that ends so; whether it was let through."""
    reached = []
    with suppress(BackendError, asyncio.CancelledError), breaker.watch():
        reached.append(True)
        if error is not None:
            raise error
    return bool(reached)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        assert turn(breaker, OUTAGE)


def test_ten_consecutive_failures_open_the_breaker(breaker: Breaker) -> None:
    fail(breaker, 10)
    assert breaker.is_open
    assert not turn(breaker)
    with pytest.raises(BackendError) as caught:
        breaker.check()
    assert caught.value.retry_after == 5
    assert not caught.value.is_outage


def test_success_resets_the_failure_count(breaker: Breaker) -> None:
    fail(breaker, 9)
    assert turn(breaker)
    fail(breaker, 9)
    assert not breaker.is_open


@pytest.mark.parametrize("end", [REFUSAL, asyncio.CancelledError()])
def test_refusals_and_stops_do_not_count(breaker: Breaker, end: BaseException) -> None:
    for _ in range(30):
        assert turn(breaker, end)
    fail(breaker, 9)
    turn(breaker, end)
    fail(breaker)
    assert breaker.is_open


def test_pause_between_probes_doubles(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 10)
    for pause in (5, 10, 20, 40, 60, 60):
        clock.now += pause - 0.1
        assert not turn(breaker)
        clock.now += 0.1
        fail(breaker)
        assert not turn(breaker)
    clock.now += 60
    assert turn(breaker)
    assert not breaker.is_open
    # The next time it is patient again, and then quick.
    fail(breaker, 9)
    assert not breaker.is_open
    fail(breaker)
    clock.now += 5
    assert turn(breaker)


def test_one_probe_at_a_time(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 10)
    clock.now += 5
    with breaker.watch():
        assert not turn(breaker)
    assert turn(breaker)


@pytest.mark.parametrize("end", [REFUSAL, asyncio.CancelledError()])
def test_inconclusive_probe_allows_the_next(
    breaker: Breaker, clock: Clock, end: BaseException
) -> None:
    fail(breaker, 10)
    clock.now += 5
    assert turn(breaker, end)
    assert breaker.is_open
    assert turn(breaker)
    assert not breaker.is_open


def test_failures_of_earlier_turns_do_not_extend_the_pause(breaker: Breaker, clock: Clock) -> None:
    with suppress(BackendError), breaker.watch():
        fail(breaker, 10)
        raise OUTAGE
    clock.now += 5
    assert turn(breaker)


def test_success_of_an_earlier_turn_closes_the_breaker(breaker: Breaker) -> None:
    with breaker.watch():
        fail(breaker, 10)
        assert breaker.is_open
    assert not breaker.is_open


def test_pauses_are_jittered() -> None:
    clock = Clock()
    pauses = set()
    for _ in range(5):
        breaker = Breaker("test", clock=clock)
        fail(breaker, 10)
        with pytest.raises(BackendError) as caught:
            breaker.check()
        assert caught.value.retry_after is not None
        assert 4 <= caught.value.retry_after <= 5
        pauses.add(caught.value.retry_after)
    assert len(pauses) > 1


def test_opening_and_closing_are_logged(
    breaker: Breaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fail(breaker, 10)
    clock.now += 5
    fail(breaker)
    clock.now += 10
    turn(breaker)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


Script = Callable[..., None]


async def test_failing_endpoint_is_no_longer_called(endpoint: ScriptedEndpoint) -> None:
    """Turns count, not attempts: each of these asks three times."""
    for _ in range(10):
        await collect_failure(make_reply(model="openai-chat:500"))
    asked = len(endpoint.requests)
    assert asked == 30
    for model in ("500", "tokens"):
        text, error = await collect_failure(make_reply(model=f"openai-chat:{model}"))
        assert text == ""
        assert error.retry_after is not None
    assert len(endpoint.requests) == asked
    breakers.get("openai-chat", endpoint.base_url)._probe_at = 0
    await collect(make_reply())
    await collect(make_reply())


@pytest.mark.parametrize("model", ["401", "429", "blank", "no-choices"])
async def test_refusing_endpoint_is_still_called(endpoint: ScriptedEndpoint, model: str) -> None:
    for _ in range(11):
        await collect_failure(make_reply(model=f"openai-chat:{model}"))
    await collect(make_reply())


async def test_each_endpoint_has_its_own_breaker(endpoint: ScriptedEndpoint) -> None:
    breaker = breakers.get("openai-chat", "http://elsewhere.test/v1")
    fail(breaker, 10)
    await collect(make_reply())
    endpoint.push(scripts.tokens("a"))
    assert breaker.is_open


def test_number_of_breakers_is_bounded_and_open_ones_are_kept() -> None:
    many = Breakers()
    opened = many.get("openai-chat", "down")
    fail(opened, FAILURES)
    for number in range(5 * REMEMBERED):
        many.get("openai-chat", f"https://{number}.example.com/v1")
    assert len(many._breakers) <= REMEMBERED
    assert many.get("openai-chat", "down") is opened
    for number in range(2 * REMEMBERED):
        fail(many.get("openai-chat", f"down {number}"), FAILURES)
    assert len(many._breakers) <= REMEMBERED
