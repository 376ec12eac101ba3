"""The demo page in a real browser: the first minute of everyone who tries the product."""

import pytest
from playwright.async_api import Page, expect

from loquent.testing.process import ServerProcess
from widgets.tests.browser.conversation import expect_once, log, open_chat, opened_chat, say

pytestmark = [pytest.mark.browser, pytest.mark.server]

QUESTION = "How long does shipping take?"
ANSWER = "one to two days"


async def test_visitor_asks_and_finds_the_chat_again(page: Page, demo_site: ServerProcess) -> None:
    await page.goto(f"{demo_site.url}/demo/")
    panel = await open_chat(page)
    await say(panel, QUESTION)
    await expect(log(panel)).to_contain_text(ANSWER)
    await expect_once(panel, QUESTION)

    await page.reload()
    panel = await opened_chat(page)
    await expect(log(panel)).to_contain_text(ANSWER)
    await expect_once(panel, QUESTION)
