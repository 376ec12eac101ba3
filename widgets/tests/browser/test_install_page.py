"""The install page in a browser: tabs by keyboard, code to copy, sites that appear."""

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.services.configs import change_widget
from widgets.tests.browser.conversation import log, opened_chat, say
from widgets.tests.browser.shop import Shop, page_with
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def widget(transactional_db: None, alice: User, acme: Organization) -> WidgetConfig:
    known_to_the_server(alice)
    return make_widget(acme, name="Shop", allowed_origins=["https://shop.example"])


async def test_refused_site_is_named_and_works_one_click_later(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/widgets/widgetconfig/{widget.pk}/install/")
    sites = page.locator("#lq-sites")
    await expect(sites).to_contain_text("Not seen yet.")
    shop = await page.context.new_page()
    with Shop(page_with(server.url, widget.widget_id)) as site:
        await shop.goto(site.origin)
        allow = sites.get_by_role("button", name=f"Allow {site.origin}")
        await expect(allow).to_be_visible()
        await allow.click()
        await expect(page.get_by_text(f"Allowed: {site.origin}")).to_be_visible()
        await shop.reload()
        await expect(shop.get_by_role("button", name="Open chat")).to_be_visible()
        await expect(sites).to_contain_text("Shown")
        await expect(sites).to_contain_text("your own computer")


async def test_tabs_show_one_platform_at_a_time_by_keyboard(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/widgets/widgetconfig/{widget.pk}/install/")
    tab = page.get_by_role("tab", name="HTML")
    await expect(tab).to_have_attribute("aria-selected", "true")
    await tab.press("ArrowRight")
    await expect(page.get_by_role("tab", name="WordPress")).to_be_focused()
    await expect(page.get_by_role("tabpanel")).to_have_count(1)
    await expect(page.get_by_role("tabpanel")).to_contain_text("functions.php")
    await page.keyboard.press("End")
    await expect(page.get_by_role("textbox", name="Code for Next.js")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("tab", name="Next.js")).to_have_attribute("aria-selected", "true")
    for width in (1280, 1024, 375):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        assert await findings(page) == []
    await page.emulate_media(color_scheme="dark")
    await page.reload()
    assert await findings(page) == []


async def test_page_of_its_own_answers(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await in_database(change_widget, widget=widget, allowed_origins=["https://other.example"])
    await page.goto(f"{server.url}/chat/{widget.widget_id}")
    await expect(page).to_have_title("Shop")
    panel = await opened_chat(page)
    await say(panel, "When do parcels arrive?")
    await expect(log(panel)).to_contain_text("within two days")
    box = await panel.bounding_box()
    assert box is not None
    size = page.viewport_size
    assert size is not None
    assert box["height"] == size["height"]
