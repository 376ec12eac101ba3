"""The form of a widget in a browser: the preview shows what is typed, and saves nothing."""

import pytest
from django.contrib.auth.models import User
from playwright.async_api import FrameLocator, Locator, Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.refusals import count_refused_origin, flush_refusals
from widgets.tests.browser.conversation import say
from widgets.tests.browser.shop import Shop
from widgets.tests.browser.staff import findings, known_to_the_server, open_tab, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def widget(transactional_db: None, alice: User, acme: Organization) -> WidgetConfig:
    known_to_the_server(alice)
    widget = make_widget(
        acme, name="Shop", greeting="Good day!", allowed_origins=["https://a.example"]
    )
    refuse_once(widget, "https://new.example")
    return widget


def refuse_once(widget: WidgetConfig, origin: str) -> None:
    count_refused_origin(widget_id=widget.widget_id, origins=[origin.encode()])
    flush_refusals()


async def open_form(page: Page, server: ServerProcess, widget: WidgetConfig) -> None:
    await page.set_viewport_size({"width": 1280, "height": 1400})
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/widgets/widgetconfig/{widget.pk}/change/")


def preview(page: Page) -> FrameLocator:
    return page.frame_locator("#lq-preview-frames iframe:not(.lq-next)")


def dialog(page: Page) -> Locator:
    return preview(page).get_by_role("dialog")


async def test_preview_follows_the_form(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    await open_form(page, live_server_process(), widget)
    await expect(dialog(page)).to_contain_text("Good day!")
    name = page.get_by_label("Name", exact=True).first
    await name.fill("")
    await name.press_sequentially("Typed just now")
    await expect(dialog(page)).to_contain_text("Typed just now")
    # The preview opened itself anew, and the focus stayed where somebody types.
    await expect(name).to_be_focused()
    await open_tab(page, "Welcome")
    await page.get_by_label("Greeting").fill("Typed greeting")
    await expect(dialog(page)).to_contain_text("Typed greeting")
    await page.get_by_label("Suggested questions").fill("Do you ship to Norway?")
    suggestion = dialog(page).get_by_role("button", name="Do you ship to Norway?")
    await expect(suggestion).to_be_visible()
    await open_tab(page, "Details")
    await page.get_by_label("Ask visitors for their details").select_option("required")
    await page.get_by_label("Phone number").check()
    await expect(dialog(page).get_by_label("Phone")).to_be_visible()
    stored = await in_database(WidgetConfig.objects.get)
    assert (stored.name, stored.greeting, stored.contact_info_mode) == ("Shop", "Good day!", "none")
    assert refused == []


async def test_preview_chat_is_not_stored(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    await open_form(page, live_server_process(), widget)
    await say(dialog(page), "Hello?")
    await expect(dialog(page)).to_contain_text("This is the preview.")
    assert await in_database(WidgetSession.objects.count) == 0


async def test_preview_switches_the_colour_scheme(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    await open_form(page, live_server_process(), widget)
    await expect(dialog(page)).to_be_visible()
    await page.get_by_label("Theme").select_option("dark")
    await expect(preview(page).locator("html")).to_have_attribute("data-scheme", "dark")
    await expect(dialog(page)).to_contain_text("Good day!")


async def test_colours_and_origins_are_checked_while_typing(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    await open_form(page, live_server_process(), widget)
    text = page.get_by_label("Text colour", exact=True)
    await text.fill("#6466f1")
    await expect(page.get_by_text("has a contrast of 1.0:1")).to_be_visible()
    await text.fill("#000000")
    await expect(page.get_by_text("has a contrast of")).to_have_count(0)
    picker = page.get_by_label("Pick: Text colour")
    await expect(picker).to_have_value("#000000")
    await picker.fill("#ffffff")
    await expect(text).to_have_value("#ffffff")
    await open_tab(page, "Websites")
    sites = page.get_by_label("Allowed sites")
    await sites.fill("Example.com/\nlocalhost")
    await expect(page.get_by_text("Example.com/ → https://example.com")).to_be_visible()
    await expect(page.get_by_text("“localhost” is not a whole address.")).to_be_visible()


async def test_allow_is_saved_at_once_and_keeps_unsaved_input(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    await open_form(page, live_server_process(), widget)
    await open_tab(page, "Websites")
    sites = page.get_by_label("Allowed sites")
    await page.get_by_role("button", name="Allow https://new.example").click()
    await expect(page.get_by_text("Allowed and saved: https://new.example")).to_be_visible()
    await expect(sites).to_have_value("https://a.example\nhttps://new.example")
    stored = await in_database(WidgetConfig.objects.get)
    assert stored.allowed_origins == ["https://a.example", "https://new.example"]
    await expect(page.get_by_text("You have unsaved changes")).to_be_hidden()

    # What is typed is kept, and the form is not out of date.
    await in_database(refuse_once, widget, "https://newest.example")
    await page.reload()
    await open_tab(page, "Welcome")
    await page.get_by_label("Greeting").fill("Typed for an hour")
    await page.get_by_role("button", name="Allow", exact=True).click()
    await expect(page.get_by_text("Allowed and saved: https://newest.example")).to_be_visible()
    await expect(page.get_by_text("You have unsaved changes")).to_be_visible()
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.wait_for_url("**/admin/widgets/widgetconfig/")
    stored = await in_database(WidgetConfig.objects.get)
    assert stored.allowed_origins == [
        "https://a.example", "https://new.example", "https://newest.example",
    ]  # fmt: skip
    assert stored.greeting == "Typed for an hour"


async def test_the_embed_code_is_copied(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await open_form(page, server, widget)
    await page.get_by_role("button", name="Copy").press("Enter")
    await expect(page.get_by_text("Copied.")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        f'<script src="{server.url}/api/widget/embed.js" data-widget="{widget.widget_id}"></script>'
    )


async def test_no_other_site_can_frame_it(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    frame = f"{server.url}/admin/widgets/widgetconfig/preview/"
    with Shop(f'<!doctype html><title>Evil</title><iframe src="{frame}"></iframe>') as shop:
        async with page.expect_console_message(
            lambda line: "frame-ancestors" in line.text or "X-Frame-Options" in line.text
        ):
            await page.goto(shop.origin)
        assert await page.frame_locator("iframe").locator(".page").count() == 0


async def test_swatch_sets_the_colour(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    await open_form(page, live_server_process(), widget)
    await page.get_by_role("button", name="Teal: Main colour").click()
    await expect(page.get_by_role("textbox", name="Main colour", exact=True)).to_have_value(
        "#0f766e"
    )


async def test_mistakes_are_listed_with_links_to_their_fields(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    await open_form(page, live_server_process(), widget)
    await page.get_by_role("textbox", name="Main colour", exact=True).fill("red")
    await open_tab(page, "Welcome")
    await page.get_by_label("Greeting").fill("Kept as typed")
    await open_tab(page, "Websites")
    await page.get_by_label("Allowed sites").fill("*")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".errornote")).to_be_focused()
    links = page.locator(".lq-error-links a")
    await expect(links).to_have_count(2)
    # The first tab with a mistake is open, and each of them says how many it has.
    await expect(page.get_by_role("tab", selected=True)).to_have_accessible_name("Look 1 error")
    await expect(page.get_by_role("tab", name="Websites 1 error")).to_be_visible()
    await expect(page.get_by_text("You have unsaved changes")).to_be_visible()
    await links.filter(has_text="Allowed sites: ").press("Enter")
    await expect(page.get_by_label("Allowed sites")).to_be_focused()
    await expect(page.get_by_role("tab", selected=True)).to_have_accessible_name("Websites 1 error")
    await expect(page.get_by_label("Greeting")).to_have_value("Kept as typed")
    row = page.locator(".form-row", has=page.get_by_label("Allowed sites"))
    await expect(row.get_by_text("leave the list empty")).to_have_count(1)
    assert await findings(page) == []
