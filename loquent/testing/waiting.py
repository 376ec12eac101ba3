"""Waiting for what another process does by itself."""

import asyncio
from collections.abc import Awaitable, Callable

# A loaded machine is slow, not broken.
WAIT_SECONDS = 30
# For a program that runs to its end, such as a command of manage.py.
COMMAND_SECONDS = 240
PAUSE_SECONDS = 0.1


async def eventually(check: Callable[[], Awaitable[None]]) -> None:
    """Await `check` until it passes; its last failure is the test's."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS
    while True:
        try:
            await check()
        except (AssertionError, KeyError, OSError):
            if loop.time() > deadline:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
