"""The chat on a phone: the whole screen, no zoom on focus, nothing wider than the screen."""

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import log, open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]
PHONE: ViewportSize = {"width": 375, "height": 667}


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="A shop with quite a long name for a small screen")


async def test_panel_fills_a_phone_screen(
    browser: Browser, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    page = await browser.new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await expect(panel).to_have_attribute("aria-modal", "true")
        box = await panel.evaluate(
            """async (node) => {
              await Promise.all(node.getAnimations().map(({ finished }) => finished));
              const { x, y, width, height } = node.getBoundingClientRect();
              return { x, y, width, height };
            }"""
        )
        assert box == {"x": 0, "y": 0, **PHONE}
        field = panel.get_by_role("textbox", name="Message")
        # Below 16 px iOS zooms in on focus.
        assert await field.evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)") >= 16
        # A keyboard that jumps up by itself would hide the greeting.
        assert not await field.evaluate("(node) => node.matches(':focus')")
        await say(panel, "When do you ship? " + "x" * 300)
        await expect(log(panel)).to_contain_text("every working day")
        wide = await page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= PHONE["width"]
        inner = await panel.evaluate("(node) => node.scrollWidth - node.clientWidth")
        assert inner <= 0
        # The way out is in sight.
        await panel.get_by_role("button", name="Close chat").tap()
        await expect(panel).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(320, 256), (640, 320)])
async def test_widget_works_at_400_percent_zoom(
    browser: Browser,
    live_server_process: StartServer,
    widget: WidgetConfig,
    width: int,
    height: int,
) -> None:
    """1280 × 1024 at 400 % is 320 × 256 (WCAG 1.4.10); the composer stays within reach."""
    page = await browser.new_page(viewport=ViewportSize(width=width, height=height))
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "When do you ship?")
        await expect(log(panel)).to_contain_text("every working day")
        send = panel.get_by_role("button", name="Send message")
        await expect(send).to_be_in_viewport()
        assert await panel.evaluate("(node) => node.scrollWidth - node.clientWidth") <= 0
