"""Callers of one service share a trip to the database."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from loquent.db.batching import Batcher
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


def start(batcher: Batcher[int, int], *items: int) -> list[asyncio.Task[int]]:
    return [asyncio.ensure_future(batcher(item)) for item in items]


async def test_items_that_arrive_while_busy_share_a_batch() -> None:
    service = Service()
    batcher = Batcher[int, int](service, key=lambda item: item)
    [first] = start(batcher, 2)
    await until_asked(service, 1)
    others = start(batcher, 4, 6, 8)
    service.may_go.set()
    assert await asyncio.gather(first, *others) == [4, 8, 12, 16]
    assert service.asked == [[2], [4, 6, 8]]


async def test_batches_are_bounded_in_size() -> None:
    service = Service()
    service.may_go.set()
    batcher = Batcher[int, int](service, key=lambda item: item, size=2)
    tasks = start(batcher, 2, 4, 6, 8, 10)
    assert await asyncio.gather(*tasks) == [4, 8, 12, 16, 20]
    assert service.asked == [[2, 4], [6, 8], [10]]


async def test_slow_batch_does_not_hold_up_the_next() -> None:
    service = Service()
    batcher = Batcher[int, int](service, key=lambda item: item, at_once=2)
    slow = start(batcher, 2)
    await until_asked(service, 1)
    others = start(batcher, 4, 6)
    await until_asked(service, 1)
    last = start(batcher, 8)
    assert service.asked == [[2], [4, 6]]
    service.may_go.set()
    assert await asyncio.gather(*slow, *others, *last) == [4, 8, 12, 16]


async def test_key_is_once_per_batch_and_keeps_its_order() -> None:
    service = Service()
    service.may_go.set()
    batcher = Batcher[int, int](service, key=lambda item: item % 10)
    await asyncio.gather(*start(batcher, 2, 12, 4, 22))
    assert service.asked == [[2, 4], [12], [22]]


async def test_exception_is_raised_for_its_item_only() -> None:
    service = Service()
    service.may_go.set()
    batcher = Batcher[int, int](service, key=lambda item: item)
    results = await asyncio.gather(*start(batcher, 2, 3, 4), return_exceptions=True)
    assert results[0::2] == [4, 8]
    assert str(results[1]) == "3 is odd"


async def test_items_are_retried_one_by_one_if_the_batch_fails() -> None:
    service = Service()
    service.may_go.set()
    batcher = Batcher[int, int](service, key=lambda item: item)
    results = await asyncio.gather(*start(batcher, 2, 13, 4), return_exceptions=True)
    assert results[0::2] == [4, 8]
    assert isinstance(results[1], RuntimeError)
    assert service.asked == [[2, 13, 4], [2], [13], [4]]


async def test_cancelled_item_is_left_out() -> None:
    service = Service()
    batcher = Batcher[int, int](service, key=lambda item: item)
    [first] = start(batcher, 2)
    await until_asked(service, 1)
    gone, last = start(batcher, 4, 6)
    await asyncio.sleep(0)
    gone.cancel()
    service.may_go.set()
    assert [await first, await last] == [4, 12]
    assert service.asked == [[2], [6]]
