"""Places for model calls: bounded, in order, fair between widgets, and never lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from loquent.agents.services.slots import ModelSlots, slots
from loquent.agents.tests import endpoint_scripts as scripts
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.replies import collect, collect_failure, make_reply
from loquent.agents.types import BackendError

SetLimits = Callable[..., None]


class Crowd:
    """Tasks that want a place, in the order in which they got one."""

    def __init__(self, places: ModelSlots, *, total: int, per_key: int) -> None:
        self.places = places
        self.total = total
        self.per_key = per_key
        self.order: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str) -> None:
        """Each name's first letter is its key."""
        for name in names:
            self._tasks[name] = asyncio.create_task(self._want(name))
            await asyncio.sleep(0)

    async def _want(self, name: str) -> None:
        await self.places.take(name[0], total=self.total, per_key=self.per_key)
        self.order.append(name)

    async def done(self, name: str) -> None:
        """Who has a place gives it back."""
        assert name in self.order
        self.places.give_back(name[0])
        await asyncio.sleep(0)

    async def go(self, name: str) -> None:
        """Who waits doesn't want to any more."""
        self._tasks[name].cancel()
        with suppress(asyncio.CancelledError):
            await self._tasks[name]


async def test_calls_within_the_bounds_do_not_wait() -> None:
    crowd = Crowd(ModelSlots(), total=3, per_key=2)
    await crowd.come("a1", "a2", "b1")
    assert crowd.order == ["a1", "a2", "b1"]
    assert (crowd.places.running, crowd.places.waiting) == (3, 0)


async def test_a_key_over_its_bound_waits_in_order_and_others_pass() -> None:
    crowd = Crowd(ModelSlots(), total=10, per_key=1)
    await crowd.come("a1", "a2", "a3", "b1")
    assert crowd.order == ["a1", "b1"]
    await crowd.done("b1")
    assert crowd.order == ["a1", "b1"]
    await crowd.done("a1")
    await crowd.done("a2")
    assert crowd.order == ["a1", "b1", "a2", "a3"]


async def test_keys_are_served_in_turn() -> None:
    crowd = Crowd(ModelSlots(), total=1, per_key=0)
    await crowd.come("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    for expected in ("a2", "b1", "c1", "a3", "b2", "a4"):
        await crowd.done(crowd.order[-1])
        assert crowd.order[-1] == expected
    await crowd.done("a4")
    assert (crowd.places.running, crowd.places.waiting) == (0, 0)


async def test_zero_means_unbounded() -> None:
    crowd = Crowd(ModelSlots(), total=0, per_key=0)
    await crowd.come(*(f"a{n}" for n in range(50)))
    assert len(crowd.order) == 50


async def test_cancelled_waiter_leaves_nothing_behind() -> None:
    crowd = Crowd(ModelSlots(), total=1, per_key=1)
    await crowd.come("a1", "a2", "a3", "b1")
    await crowd.go("a2")
    await crowd.go("b1")
    assert crowd.places.waiting == 1
    await crowd.done("a1")
    assert crowd.order == ["a1", "a3"]
    await crowd.done("a3")
    assert (crowd.places.running, crowd.places.waiting) == (0, 0)


async def test_waiter_cancelled_on_its_turn_passes_the_slot_on() -> None:
    crowd = Crowd(ModelSlots(), total=1, per_key=1)
    await crowd.come("a1", "a2", "b1")
    # The place is a2's, but a2's task has not run since.
    crowd.places.give_back("a")
    await crowd.go("a2")
    await asyncio.sleep(0)
    assert crowd.order == ["a1", "b1"]
    await crowd.done("b1")
    assert (crowd.places.running, crowd.places.waiting) == (0, 0)


async def test_model_calls_of_a_widget_wait_for_each_other(
    endpoint: ScriptedEndpoint, set_limits: SetLimits
) -> None:
    set_limits(model_calls=2, model_calls_per_widget=1)
    gates = {name: asyncio.Event() for name in ("a1", "a2", "b1", "c1")}
    endpoint.by_model |= {
        name: scripts.tokens(name, ".", gate=gate) for name, gate in gates.items()
    }
    tasks = {}
    for name in gates:
        reply = make_reply(model=f"openai-chat:{name}", key=name[0])
        tasks[name] = asyncio.create_task(collect(reply))
        await asyncio.sleep(0)
    await endpoint.wait_for_requests(2)
    assert sorted(request.body["model"] for request in endpoint.requests) == ["a1", "b1"]
    assert (slots.running, slots.waiting) == (2, 2)
    gates["b1"].set()
    await tasks["b1"]
    await endpoint.wait_for_requests(3)
    assert endpoint.requests[2].body["model"] == "c1"
    for gate in gates.values():
        gate.set()
    assert [text for text, _ in await asyncio.gather(*tasks.values())] == [
        f"{name}." for name in gates
    ]
    assert (slots.running, slots.waiting) == (0, 0)


async def test_waiting_too_long_for_a_slot_raises(
    endpoint: ScriptedEndpoint, set_limits: SetLimits
) -> None:
    set_limits(model_calls=1, turn_first_token_seconds=0)
    gate = asyncio.Event()
    endpoint.push(scripts.tokens("Hel", "lo.", gate=gate))
    first = asyncio.create_task(collect(make_reply()))
    await endpoint.wait_for_requests(1)
    set_limits(model_calls=1, turn_first_token_seconds=0.05)
    text, error = await collect_failure(make_reply())
    assert (text, error.limit, error.is_outage) == ("", "model_calls", False)
    assert error.retry_after == 5
    gate.set()
    await first
    assert (slots.running, slots.waiting) == (0, 0)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("model", ["openai-chat:hang", "openai-chat:hang-headers"])
async def test_cancelled_call_releases_its_slot(endpoint: ScriptedEndpoint, model: str) -> None:
    task = asyncio.create_task(collect(make_reply(model=model)))
    await endpoint.wait_for_requests(1)
    assert slots.running == 1
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert slots.running == 0


async def test_failed_call_releases_its_slot(endpoint: ScriptedEndpoint) -> None:
    with suppress(BackendError):
        await collect(make_reply(model="openai-chat:hang-up"))
    assert slots.running == 0


async def test_offline_backend_needs_no_slot(set_limits: SetLimits) -> None:
    set_limits(model_calls=1)
    await slots.take("x", total=1, per_key=0)
    try:
        assert (await collect(make_reply(model="builtin:knowledge")))[0]
    finally:
        slots.give_back("x")
