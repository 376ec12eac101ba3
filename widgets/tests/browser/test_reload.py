"""The page goes away in the middle of things, and comes back."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.db.threads import in_database
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import WAIT_SECONDS
from widgets.models import WidgetConfig, WidgetMessage
from widgets.tests.browser.conversation import (
    expect_once,
    open_chat,
    opened_chat,
    say,
)
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]


async def test_reload_during_an_answer_continues_it(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    gate = asyncio.Event()
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("The first half, ", "and the second.", gate=gate))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "Tell me")
            await expect(panel.get_by_text("The first half,")).to_be_visible()
            await page.reload()
            panel = await opened_chat(page)
            await expect_once(panel, "Tell me")
            await expect(panel.get_by_text("The first half,")).to_be_visible()
            await expect(panel.get_by_role("button", name="Stop")).to_be_visible()
            gate.set()
            await expect_once(panel, "The first half, and the second.")
            await expect_once(panel, "Tell me")
            assert len(endpoint.requests) == 1


async def test_stop_keeps_the_text_so_far(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("The first half, ", "never.", gate=asyncio.Event()))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "Tell me")
            await expect(panel.get_by_text("The first half,")).to_be_visible()
            await panel.get_by_role("button", name="Stop").click()
            await expect_once(panel, "The first half,")
            await expect(panel.get_by_role("button", name="Stop")).to_have_count(0)
            await asyncio.wait_for(endpoint.requests[0].client_closed.wait(), WAIT_SECONDS)
        row = await in_database(WidgetMessage.objects.get, role="assistant")
        assert (row.content, row.status) == ("The first half,", "stopped")


async def test_message_sent_during_an_outage_arrives_once(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "One")
            await expect_once(panel, "Hello there.")
            await asyncio.to_thread(server.kill)
            await say(panel, "Two")
            await expect(panel.get_by_text("Two", exact=True)).to_be_visible()
            server.start_again()
            await asyncio.to_thread(server.wait_until_ready)
            await expect(panel.get_by_text("Hello there.", exact=True)).to_have_count(2)
            await expect_once(panel, "Two")
        rows = await in_database(lambda: WidgetMessage.objects.filter(content="Two").count())
        assert rows == 1
