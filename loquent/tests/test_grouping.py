"""Callers of one service share a trip to the database."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from loquent.db.batching import Grouped
from loquent.testing.waiting import WAIT_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


class Service:
    """Doubles numbers, when it is let; remembers what it was asked at once."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.may_go = threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.asked.append(list(items))
        self.begun.release()
        assert self.may_go.wait(10)
        if 13 in items:
            raise RuntimeError("13 is not for us")
        return [ValueError(f"{item} is odd") if item % 2 else item * 2 for item in items]


async def until_asked(service: Service, times: int) -> None:
    for _ in range(times):
        assert await asyncio.to_thread(service.begun.acquire, timeout=WAIT_SECONDS)


def start(grouped: Grouped[int, int], *items: int) -> list[asyncio.Task[int]]:
    return [asyncio.ensure_future(grouped(item)) for item in items]


async def test_who_comes_while_it_is_busy_goes_along() -> None:
    service = Service()
    grouped = Grouped[int, int](service, key=lambda item: item)
    [first] = start(grouped, 2)
    await until_asked(service, 1)
    others = start(grouped, 4, 6, 8)
    service.may_go.set()
    assert await asyncio.gather(first, *others) == [4, 8, 12, 16]
    assert service.asked == [[2], [4, 6, 8]]


async def test_groups_are_bounded_in_size() -> None:
    service = Service()
    service.may_go.set()
    grouped = Grouped[int, int](service, key=lambda item: item, size=2)
    tasks = start(grouped, 2, 4, 6, 8, 10)
    assert await asyncio.gather(*tasks) == [4, 8, 12, 16, 20]
    assert service.asked == [[2, 4], [6, 8], [10]]


async def test_a_group_that_hangs_does_not_hold_up_the_next() -> None:
    service = Service()
    grouped = Grouped[int, int](service, key=lambda item: item, at_once=2)
    slow = start(grouped, 2)
    await until_asked(service, 1)
    others = start(grouped, 4, 6)
    await until_asked(service, 1)
    last = start(grouped, 8)
    assert service.asked == [[2], [4, 6]]
    service.may_go.set()
    assert await asyncio.gather(*slow, *others, *last) == [4, 8, 12, 16]


async def test_one_key_is_never_twice_in_a_group_and_keeps_its_order() -> None:
    service = Service()
    service.may_go.set()
    grouped = Grouped[int, int](service, key=lambda item: item % 10)
    await asyncio.gather(*start(grouped, 2, 12, 4, 22))
    assert service.asked == [[2, 4], [12], [22]]


async def test_a_refusal_is_for_whom_it_is_meant() -> None:
    service = Service()
    service.may_go.set()
    grouped = Grouped[int, int](service, key=lambda item: item)
    results = await asyncio.gather(*start(grouped, 2, 3, 4), return_exceptions=True)
    assert results[0::2] == [4, 8]
    assert str(results[1]) == "3 is odd"


async def test_nobody_fails_by_anothers_fault() -> None:
    service = Service()
    service.may_go.set()
    grouped = Grouped[int, int](service, key=lambda item: item)
    results = await asyncio.gather(*start(grouped, 2, 13, 4), return_exceptions=True)
    assert results[0::2] == [4, 8]
    assert isinstance(results[1], RuntimeError)
    assert service.asked == [[2, 13, 4], [2], [13], [4]]


async def test_who_has_gone_away_is_not_asked_for() -> None:
    service = Service()
    grouped = Grouped[int, int](service, key=lambda item: item)
    [first] = start(grouped, 2)
    await until_asked(service, 1)
    gone, last = start(grouped, 4, 6)
    await asyncio.sleep(0)
    gone.cancel()
    service.may_go.set()
    assert [await first, await last] == [4, 12]
    assert service.asked == [[2], [6]]
