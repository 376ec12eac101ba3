"""Staff see which page the visitor is on, also where pages change without loading."""

import json

import pytest
from playwright.async_api import Page, WebSocket

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig, WidgetSession
from widgets.tests.browser.conversation import open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme)


def is_page(frame: str | bytes) -> bool:
    return bool(json.loads(frame)["type"] == "page")


def is_ack(frame: str | bytes) -> bool:
    return bool(json.loads(frame)["type"] == "ack")


async def test_page_and_in_page_navigation_are_reported(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    html = page_with(server.url, widget.widget_id).replace(
        "data-widget=", """data-page-context='{"plan": "pro"}' data-widget="""
    )
    with Shop(html) as shop:
        async with page.expect_websocket() as waiting:
            await page.goto(shop.origin)
            panel = await open_chat(page)
        socket: WebSocket = await waiting.value
        # An ack of what came later shows that the page before it was taken.
        async with socket.expect_event("framereceived", is_ack):
            await say(panel, "Hello")
        session = await in_database(WidgetSession.objects.get)
        assert (session.page_url, session.page_title) == (f"{shop.origin}/", "Shop")
        assert session.page_context == {"plan": "pro"}
        async with socket.expect_event("framesent", is_page):
            await page.evaluate(
                """history.pushState({}, "", "/cart?n=2#pay"); document.title = "Your cart";"""
            )
        async with socket.expect_event("framereceived", is_ack):
            await say(panel, "What does it cost?")
        await session.arefresh_from_db()
        assert (session.page_url, session.page_title) == (f"{shop.origin}/cart?n=2", "Your cart")
