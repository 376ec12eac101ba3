"""The forms of a widget and of an assistant in a browser: tabs, the save bar, what is beside."""

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Browser, Dialog, Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.staff import findings, known_to_the_server, open_tab, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def widget(transactional_db: None, alice: User, acme: Organization) -> WidgetConfig:
    known_to_the_server(alice)
    return make_widget(acme, name="Shop", greeting="Good day!")


async def test_bar_appears_while_something_is_unsaved(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    form = f"{server.url}/admin/widgets/widgetconfig/{widget.pk}/change/"
    await page.goto(form)
    bar = page.get_by_text("You have unsaved changes")
    await expect(bar).to_be_hidden()
    await open_tab(page, "Welcome")
    greeting = page.get_by_label("Greeting")
    await greeting.fill("Typed")
    await expect(bar).to_be_in_viewport()
    await greeting.fill("Good day!")
    await expect(bar).to_be_hidden()

    await greeting.fill("Typed")
    await page.get_by_role("button", name="Discard").click()
    await expect(greeting).to_have_value("Good day!")
    await expect(bar).to_be_hidden()

    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    await greeting.fill("Typed")
    page.once("dialog", stay)
    await page.get_by_role("link", name="Reset the widget ID…").click()
    await expect(greeting).to_have_value("Typed")
    assert asked == ["beforeunload"]

    # The same tab is open after the form was saved.
    await page.get_by_role("button", name="Save and continue editing").click()
    await expect(page.get_by_text("was changed successfully")).to_be_visible()
    await expect(greeting).to_have_value("Typed")
    await expect(bar).to_be_hidden()
    assert (await in_database(WidgetConfig.objects.get)).greeting == "Typed"
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.wait_for_url(f"{server.url}/admin/widgets/widgetconfig/")


async def test_preview_and_test_are_in_sight_or_one_click_away(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    for path, name in (
        (f"widgets/widgetconfig/{widget.pk}", "Preview"),
        (f"agents/textagent/{widget.text_agent_id}", "Try it"),
    ):
        beside = page.get_by_role("region", name=name)
        opener = page.get_by_role("button", name=name, exact=True)
        await page.set_viewport_size({"width": 1024, "height": 768})
        await page.goto(f"{server.url}/admin/{path}/change/")
        await expect(beside).to_be_in_viewport()
        await expect(opener).to_be_hidden()
        await page.set_viewport_size({"width": 375, "height": 700})
        await expect(beside).to_be_hidden()
        await page.get_by_label("Name", exact=True).first.fill("Typed")
        await opener.click()
        await expect(beside).to_be_in_viewport()
        if name == "Preview":
            chat = page.frame_locator("#lq-preview-frames iframe:not(.lq-next)")
            await expect(chat.get_by_role("dialog")).to_contain_text("Typed")
        assert await findings(page) == []
        await page.keyboard.press("Escape")
        await expect(beside).to_be_hidden()
        await expect(opener).to_be_focused()
        assert await page.evaluate("document.documentElement.scrollWidth") == 375


async def test_all_sections_are_visible_without_scripts(
    browser: Browser, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/widgets/widgetconfig/{widget.pk}/change/")
    for label in ("Main colour", "Greeting", "Ask visitors for their details", "Allowed sites"):
        await expect(page.get_by_label(label)).to_be_visible()
    await page.get_by_label("Greeting").fill("Typed")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.wait_for_url("**/admin/widgets/widgetconfig/")
    assert (await in_database(WidgetConfig.objects.get)).greeting == "Typed"
