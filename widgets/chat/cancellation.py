"""Ends tasks that may lose a cancellation on the way."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 0.5
ATTEMPTS = 20


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for their end.

    Some libraries swallow a cancellation that comes while they give up on something of their own
    (seen with redis-py): such a task is cancelled again.
    """
    left = set(tasks)
    for _ in range(ATTEMPTS):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
