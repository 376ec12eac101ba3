"""One visitor with several tabs of the shop: one conversation, one state."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import expect_once, open_chat, opened_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]
ANSWER = "We ship every working day. Parcels arrive within two days."


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme)


async def tabs_at(context: BrowserContext, address: str, count: int) -> list[Page]:
    """So many tabs of one page, each with its launcher."""
    pages = []
    for _ in range(count):
        page = await context.new_page()
        await page.goto(address)
        await expect(page.get_by_role("button", name="Open chat")).to_be_visible()
        pages.append(page)
    return pages


def badge(page: Page) -> Locator:
    """The number of unread messages on the launcher."""
    return page.locator("loquent-widget .badge")


async def test_three_tabs_show_one_conversation(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        first, second, third = await tabs_at(page.context, shop.origin, 3)
        panel = await open_chat(first)
        await say(panel, "When do you ship?")
        await expect(panel.get_by_role("log")).to_contain_text(ANSWER)
        for tab in (second, third):
            there = await opened_chat(tab)
            await expect_once(there, "When do you ship?")
            await expect(there.get_by_role("log")).to_contain_text(ANSWER)
        await say(third.get_by_role("dialog"), "And returns?")
        for tab in (first, second, third):
            await expect_once(tab.get_by_role("dialog"), "And returns?")
            await expect(tab.get_by_role("log")).to_contain_text("within 30 days")


async def test_panel_opens_and_closes_in_all_tabs(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        first, second = await tabs_at(page.context, shop.origin, 2)
        await open_chat(first)
        await expect(second.get_by_role("dialog")).to_be_visible()
        await second.get_by_role("button", name="Close chat").first.click()
        await expect(second.get_by_role("dialog")).to_be_hidden()
        await expect(first.get_by_role("dialog")).to_be_hidden()


async def test_reading_in_one_tab_marks_as_read_in_all(
    page: Page, live_server_process: StartServer, transactional_db: None, acme: Organization
) -> None:
    agent = await in_database(make_agent, acme, model="openai-chat:tokens")
    widget = await in_database(make_widget, acme, agent=agent)
    gate = asyncio.Event()
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("On ", "Monday.", gate=gate))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            first, second = await tabs_at(page.context, shop.origin, 2)
            panel = await open_chat(first)
            await expect(second.get_by_role("dialog")).to_be_visible()
            await say(panel, "When do you ship?")
            await expect(panel.get_by_text("On", exact=True)).to_be_visible()
            await first.get_by_role("button", name="Close chat").first.click()
            await expect(second.get_by_role("dialog")).to_be_hidden()
            gate.set()
            for tab in (first, second):
                await expect(badge(tab)).to_have_text("1")
            third = (await tabs_at(page.context, shop.origin, 1))[0]
            await expect(badge(third)).to_have_text("1")
            await open_chat(third)
            for tab in (first, second, third):
                await expect(badge(tab)).to_have_text("")


async def test_a_reset_in_one_tab_forgets_the_visitor_in_all(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        first, second = await tabs_at(page.context, shop.origin, 2)
        panel = await open_chat(first)
        await say(panel, "I am Ann")
        other = second.get_by_role("dialog")
        await expect_once(other, "I am Ann")
        field = other.get_by_role("textbox", name="Message", exact=True)
        await field.fill("My card is")
        await first.evaluate("Loquent.reset()")
        for tab in (first, second):
            await expect(tab.get_by_role("log")).not_to_contain_text("I am Ann")
        await expect(field).to_have_value("")
        # Both are in one new conversation.
        await say(panel, "I am Bob")
        await expect_once(other, "I am Bob")
