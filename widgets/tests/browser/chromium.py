"""Debian's Chromium for the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from loquent.testing.engines.launch import CHROMIUM_ARGUMENTS
from loquent.testing.packages import CHROMIUM


@asynccontextmanager
async def start_chromium() -> AsyncIterator[Browser]:
    """Run Chromium until the block ends."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        yield chromium
        await chromium.close()
