"""Debian's Chromium for the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright, expect

from loquent.testing.engines.launch import CHROMIUM_ARGUMENTS
from loquent.testing.packages import CHROMIUM
from loquent.testing.process_fixtures import WAIT_MILLISECONDS

# No test may depend on the speed of the machine.
expect.set_options(timeout=WAIT_MILLISECONDS)


@asynccontextmanager
async def start_chromium() -> AsyncIterator[Browser]:
    """Run Chromium until the block ends; its pages wait as long as `expect` does."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        chromium.on("context", lambda context: context.set_default_timeout(WAIT_MILLISECONDS))
        yield chromium
        await chromium.close()
