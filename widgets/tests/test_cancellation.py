"""Tasks that lose a cancellation."""

import asyncio
import contextlib

import pytest

from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.bus import cancel


@pytest.mark.costly
async def test_a_swallowed_cancellation_is_repeated() -> None:
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        swallowed.set()
        await asyncio.Event().wait()

    async def willing() -> None:
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(willing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(WAIT_SECONDS):
        await cancel(tasks)
    assert swallowed.is_set()
    assert all(task.cancelled() for task in tasks)


async def test_cancelling_nothing_is_harmless() -> None:
    await cancel([])
