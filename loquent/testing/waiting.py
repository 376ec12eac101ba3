"""Wait for what another process does on its own."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

# A loaded machine is slow, not broken.
WAIT_SECONDS = 120
# For a program that runs to its end, such as a manage.py command.
COMMAND_SECONDS = 240
PAUSE_SECONDS = 0.1


async def eventually(check: Callable[[], Awaitable[None]]) -> None:
    """Repeat `check` until it passes; raise its last failure after the deadline."""
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


def wait_for_port(port: int) -> None:
    """Wait until something listens on a port of this machine."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
