"""The forms of a widget and of an assistant in a browser: tabs, the save bar, what is beside."""

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Browser, Dialog, Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.services.configs import change_widget
from widgets.tests.browser.staff import (
    findings,
    known_to_the_server,
    on_the_next_page,
    open_tab,
    sign_in,
)

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
    await on_the_next_page(greeting)
    await expect(bar).to_be_hidden()

    async def stay(dialog: Dialog) -> None:
        await dialog.dismiss()

    await greeting.fill("Typed")
    page.once("dialog", stay)
    async with page.expect_event("dialog", lambda dialog: dialog.type == "beforeunload"):
        await page.get_by_role("link", name="Reset the widget ID…").click()
    await expect(greeting).to_have_value("Typed")

    # The same tab is open after the form was saved.
    await page.get_by_role("button", name="Save and continue editing").click()
    await on_the_next_page(page.get_by_text("was changed successfully"))
    await expect(greeting).to_have_value("Typed")
    await expect(bar).to_be_hidden()
    assert (await in_database(WidgetConfig.objects.get)).greeting == "Typed"

    # Nor is it closed by an error that belongs to no field.
    await in_database(lambda: change_widget(widget=WidgetConfig.objects.get(), greeting="Other"))
    await greeting.fill("Typed again")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Another user changed this widget")).to_be_visible()
    await expect(greeting).to_have_value("Typed again")
    await expect(bar).to_be_visible()
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


async def test_forms_fit_right_to_left_and_at_200_percent(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    forms = {
        f"widgets/widgetconfig/{widget.pk}": ("Greeting", "Welcome"),
        f"agents/textagent/{widget.text_agent_id}": ("Temperature", "Advanced"),
    }
    for path, (label, tab) in forms.items():
        await page.goto(f"{server.url}/admin/{path}/change/")
        if label == "Temperature":
            await page.get_by_label("Answers come from").select_option(index=1)
            await page.get_by_label("Model").fill("openai-chat:any")
        for direction in ("ltr", "rtl"):
            await page.evaluate("dir => { document.documentElement.dir = dir; }", direction)
            # 1280 x 800 at 200 percent, and a phone.
            for width, height in ((1280, 800), (1024, 768), (640, 400), (375, 700)):
                await page.set_viewport_size({"width": width, "height": height})
                await open_tab(page, tab)
                field = page.get_by_label(label)
                await field.focus()
                await expect(field).to_be_in_viewport()
                assert await page.evaluate("document.documentElement.scrollWidth") == width
        # Arrows follow the direction of reading, and what has the focus is not covered by the bar.
        await page.get_by_label("Name", exact=True).first.fill("Typed")
        await field.focus()
        await expect(page.get_by_text("You have unsaved changes")).to_be_in_viewport()
        box = await field.bounding_box()
        bar = await page.locator(".submit-row").bounding_box()
        assert box is not None
        assert bar is not None
        assert box["y"] + box["height"] <= bar["y"]
        await page.get_by_role("tab", name=tab).focus()
        await page.keyboard.press("ArrowRight")
        before = {"Welcome": "Look", "Advanced": "Knowledge"}[tab]
        await expect(page.get_by_role("tab", selected=True)).to_have_text(before)
        assert await findings(page) == []
