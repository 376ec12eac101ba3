"""A new owner's first minutes: from the demo to an answering chat of their own."""

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.services.demo import OWNER_EMAIL, create_demo
from widgets.tests.browser.conversation import log, opened_chat, say
from widgets.tests.browser.staff import findings, known_to_the_server, on_the_next_page, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]


async def test_owner_has_an_answering_chat_in_ten_clicks(
    page: Page, live_server_process: StartServer, transactional_db: None
) -> None:
    def prepare() -> None:
        create_demo(owner_password="a long password for tests", site_url="http://demo.example")
        known_to_the_server(User.objects.get(username=OWNER_EMAIL))

    await in_database(prepare)
    server = live_server_process()
    await sign_in(page, server.url, OWNER_EMAIL)
    await page.goto(f"{server.url}/admin/setup/")
    await expect(page.get_by_text("2 of 7 done")).to_be_visible()
    assert await findings(page) == []
    await page.get_by_role("button", name="Start with my own shop").click()

    website = await on_the_next_page(page.get_by_label("Website", exact=True))
    await website.fill("brotundliebe.example")
    await page.get_by_label("Name of your shop").fill("Brot & Liebe")
    await page.get_by_label("Email address for customers").fill("nope")
    await page.get_by_role("button", name="Save and continue").click()
    await expect(page.locator("#lq-summary")).to_be_focused()
    assert await findings(page) == []
    await page.get_by_role("link", name="Enter a valid email address.").press("Enter")
    await expect(page.get_by_label("Email address for customers")).to_be_focused()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("hallo@brot.example")
    await page.keyboard.press("Enter")

    hours = await on_the_next_page(page.get_by_label("When are you open?"))
    await hours.fill("Monday to Friday from 7:00 to 18:30.")
    assert await findings(page) == []
    await page.get_by_role("button", name="Save and continue").click()

    await (await on_the_next_page(page.get_by_role("button", name="Opening hours"))).click()
    await expect(page.get_by_role("log")).to_contain_text("7:00 to 18:30")
    await expect(page.get_by_text("builtin:")).not_to_be_visible()
    assert await findings(page) == []
    await page.get_by_role("link", name="Continue").click()

    link = await on_the_next_page(page.get_by_label("Link to the chat"))
    assert await findings(page) == []
    address = await link.input_value()
    widget = await in_database(WidgetConfig.objects.get, name="Brot & Liebe")
    assert address.endswith(f"/chat/{widget.widget_id}")
    await page.get_by_role("link", name="Done").click()
    await on_the_next_page(page.get_by_text("1 of 3 asked"))
    for width in (1280, 1024, 375):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") == width
    assert await in_database(Organization.objects.count) == 2

    await page.goto(f"{server.url}/chat/{widget.widget_id}")
    panel = await opened_chat(page)
    await say(panel, "When are you open?")
    await expect(log(panel)).to_contain_text("7:00 to 18:30")
