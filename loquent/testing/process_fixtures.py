"""Fixtures that start processes: servers, and a browser."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from loquent.testing.engines.launch import CHROMIUM_ARGUMENTS
from loquent.testing.packages import CHROMIUM
from loquent.testing.process import ServerProcess
from loquent.testing.waiting import WAIT_SECONDS

WAIT_MILLISECONDS = WAIT_SECONDS * 1000
# No test may depend on the speed of the machine.
expect.set_options(timeout=WAIT_MILLISECONDS)
StartServer = Callable[..., ServerProcess]


@pytest.fixture
def live_server_process(transactional_db: None, tmp_path: Path) -> Iterator[StartServer]:
    """`server = live_server_process(RATE_LIMITS="off")`: a real server on the test's database.

    Keywords are environment variables; `arguments=("--workers", "2")` go to the command. It may be
    called more than once. Mark the test `server`.
    """
    servers: list[ServerProcess] = []

    def start(*, arguments: tuple[str, ...] = (), **variables: str) -> ServerProcess:
        log_path = tmp_path / f"server-{len(servers) + 1}.log"
        server = ServerProcess(log_path, arguments=arguments, **variables)
        servers.append(server)
        server.wait_until_ready()
        return server

    yield start
    for server in servers:
        server.terminate()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium. Mark the test `browser`."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        yield chromium
        await chromium.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page whose uncaught errors fail the test."""
    context = await browser.new_context(locale="en-US")
    page = await context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert errors == []
