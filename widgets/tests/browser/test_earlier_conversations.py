"""Conversations that have ended stay readable in the visitor's browser."""

import pytest
from playwright.async_api import Page, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import eventually
from widgets.models import WidgetConfig
from widgets.tests.browser.axe import violations_of
from widgets.tests.browser.conversation import expect_once, log, open_chat, opened_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]


async def test_earlier_conversation_is_readable_after_a_reload_until_reset(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("It is on its way."))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "Where is my order?")
            await expect_once(panel, "It is on its way.")
            # What comes with the third file moves the lines.
            await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()

            message = log(panel).get_by_role("article", name="You, ")
            opacity = "(node) => getComputedStyle(node, '::before').opacity"
            assert await message.evaluate(opacity) == "0"

            async def is_dated() -> None:
                await message.hover()
                assert await message.evaluate(opacity) == "1"

            await eventually(is_dated)

            # By keyboard alone.
            await panel.get_by_role("button", name="Menu").focus()
            await page.keyboard.press("ArrowDown")
            item = panel.get_by_role("button", name="New conversation", exact=True)
            await expect(item).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(log(panel).get_by_text("Where is my order?")).to_have_count(0)
            await expect(panel.get_by_role("textbox", name="Message")).to_be_focused()
            await panel.get_by_role("button", name="Read the previous conversation").click()
            await expect(panel.locator(".sheet")).to_contain_text("It is on its way.")
            assert await violations_of(page, "loquent-widget") == []

            await page.reload()
            panel = await opened_chat(page)
            await panel.get_by_role("button", name="Menu").click()
            await panel.get_by_role("button", name="Earlier conversations").click()
            assert await violations_of(page, "loquent-widget") == []
            await panel.get_by_role("button", name="Where is my order?").click()
            await expect(panel.locator(".sheet")).to_contain_text("It is on its way.")
            await expect(log(panel).get_by_text("It is on its way.")).to_have_count(0)

            await page.evaluate("Loquent.reset()")
            await panel.get_by_role("button", name="Menu").click()
            await expect(panel.get_by_role("button", name="Sound")).to_be_visible()
            await expect(panel.get_by_role("button", name="Earlier conversations")).to_have_count(0)
            stored = await page.evaluate("Object.keys(localStorage).join()")
            assert "earlier" not in stored
