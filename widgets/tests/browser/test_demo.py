"""The demo page in a real browser: the first minute of everyone who tries the product."""

import pytest
from playwright.async_api import Locator, Page, expect

from loquent.testing.process import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.server]

QUESTION = "How long does shipping take?"
ANSWER = "one to two days"


async def open_chat(page: Page) -> Locator:
    """The chat's panel, opened unless the widget has remembered that it was."""
    opener = page.get_by_role("button", name="Open chat", exact=True)
    panel = page.get_by_role("dialog")
    await expect(opener.or_(panel)).to_be_visible()
    if await opener.is_visible():
        await opener.click()
    await expect(panel).to_be_visible()
    return panel


async def expect_answer(panel: Locator) -> None:
    log = panel.get_by_role("log")
    await expect(log).to_contain_text(ANSWER)
    await expect(log.get_by_text(QUESTION, exact=True)).to_have_count(1)


async def test_a_visitor_asks_and_finds_the_chat_again(
    page: Page, demo_site: ServerProcess
) -> None:
    await page.goto(f"{demo_site.url}/demo/")
    panel = await open_chat(page)
    await panel.get_by_role("textbox", name="Message", exact=True).fill(QUESTION)
    await panel.get_by_role("button", name="Send message", exact=True).click()
    await expect_answer(panel)

    await page.reload()
    await expect_answer(await open_chat(page))
