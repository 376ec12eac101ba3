"""A visitor on a train: offline, slow, and a server that goes away in mid-answer."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.db.threads import in_database
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig, WidgetMessage
from widgets.tests.browser.conversation import (
    expect_once,
    open_chat,
    opened_chat,
    say,
)
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]


async def test_message_typed_offline_is_sent_once_on_reconnect(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "One")
            await expect_once(panel, "Hello there.")
            await page.context.set_offline(True)
            await page.evaluate("dispatchEvent(new Event('offline'))")
            # Emulated, offline cuts no open socket: the server does.
            await asyncio.to_thread(server.kill)
            await say(panel, "Two")
            await expect(panel.get_by_text("Offline").first).to_be_visible()
            server.start_again()
            await asyncio.to_thread(server.wait_until_ready)
            await page.context.set_offline(False)
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(panel.get_by_text("Hello there.", exact=True)).to_have_count(2)
            await expect_once(panel, "Two")
        sent = await in_database(lambda: WidgetMessage.objects.filter(content="Two").count())
        assert sent == 1


async def test_first_click_offline_opens_the_panel_on_reconnect(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        opener = page.get_by_role("button", name="Open chat")
        await expect(opener).to_be_visible()
        await page.context.set_offline(True)
        await opener.click()
        await expect(page.get_by_text("Trying again")).to_be_visible()
        assert await page.get_by_role("dialog").count() == 0
        await page.context.set_offline(False)
        await expect(page.get_by_role("dialog")).to_be_visible()
        await expect(page.get_by_text("Trying again")).to_be_hidden()


async def test_unsent_message_is_sent_on_the_next_page_with_the_panel_closed(
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
            await expect(panel.get_by_text("Waiting…")).to_be_visible()
            await page.get_by_role("button", name="Close chat").first.click()
            server.start_again()
            await asyncio.to_thread(server.wait_until_ready)
            await page.goto("about:blank")
            await page.goto(shop.origin)
            await expect(page.locator("loquent-widget .badge")).to_have_text("1")
            await expect(page.get_by_role("dialog")).to_be_hidden()
        sent = await in_database(lambda: WidgetMessage.objects.filter(content="Two").count())
        assert sent == 1


async def test_draft_survives_navigation(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await panel.get_by_role("textbox", name="Message").fill("I was about to")
        await page.goto("about:blank")
        await page.goto(shop.origin)
        panel = await opened_chat(page)
        await expect(panel.get_by_role("textbox", name="Message")).to_have_value("I was about to")


async def test_server_killed_during_an_answer_ends_it_once(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("Half of ", "never.", gate=asyncio.Event()), tokens("All of it."))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "Tell me")
            await expect(panel.get_by_text("Half of")).to_be_visible()
            await asyncio.to_thread(server.kill)
            await expect(panel.get_by_text("Reconnecting…")).to_be_visible()
            server.start_again()
            await asyncio.to_thread(server.wait_until_ready)
            await expect_once(panel, "All of it.")
            await expect_once(panel, "Tell me")
            await expect(panel.get_by_text("Half of")).to_have_count(0)
            await expect(panel.get_by_text("Reconnecting…")).to_be_hidden()
