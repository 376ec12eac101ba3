"""From nothing to a chat on another site, watched live, and to its end: what an owner does."""

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Browser, Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import open_chat, say
from widgets.tests.browser.shop import Shop, strict_policy
from widgets.tests.browser.staff import known_to_the_server, on_the_next_page, open_tab, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]
PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Tea</title><body>{code}</body>'


@pytest.fixture
def owner(transactional_db: None, alice: User, acme: Organization) -> User:
    make_agent(acme, name="Helper")
    return known_to_the_server(alice)


async def test_staff_can_create_preview_embed_watch_and_reset(
    page: Page, browser: Browser, live_server_process: StartServer, owner: User
) -> None:
    server = live_server_process()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await sign_in(page, server.url)

    # By keyboard alone up to the copied code.
    await page.get_by_role("link", name="Widgets", exact=True).first.press("Enter")
    await page.get_by_role("link", name="Add widget").press("Enter")
    await expect(page.get_by_label("Name", exact=True).first).to_be_focused()
    await page.keyboard.type("Tea shop")
    await page.get_by_role("combobox", name="Assistant").press("H")
    await open_tab(page, "Welcome")
    await page.get_by_label("Greeting").press_sequentially("Good morning!")
    frame = page.frame_locator("#lq-preview-frames iframe:not(.lq-next)")
    await expect(frame.get_by_role("dialog")).to_contain_text("Good morning!")
    await page.get_by_role("button", name="Save and continue editing").press("Enter")
    copy = await on_the_next_page(page.get_by_role("button", name="Copy"))
    await copy.press("Enter")
    await expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
    code = await page.evaluate("navigator.clipboard.readText()")
    form = page.url

    with Shop(PAGE.format(code=code), policy=strict_policy(server.url)) as shop:
        visitor = await (await browser.new_context()).new_page()
        await visitor.goto(shop.origin)
        panel = await open_chat(visitor)
        await expect(panel).to_have_accessible_name("Tea shop")
        await say(panel, "When do you ship?")
        await expect(panel.get_by_role("log")).to_contain_text("We ship every working day.")

        await page.goto(f"{server.url}/admin/widgets/widgetsession/")
        await page.locator("#result_list tbody th a").first.press("Enter")
        await expect(page.locator(".lq-status")).to_have_text("Live")
        log = page.get_by_role("log")
        await expect(log.get_by_text("When do you ship?")).to_be_visible()
        await say(panel, "And returns?")
        await expect(log.get_by_text("And returns?")).to_be_visible()
        await expect(log.get_by_text("within 30 days")).to_be_visible()

        await page.goto(form)
        await page.get_by_role("link", name="Reset the widget ID…").press("Enter")
        await expect(page.get_by_role("heading", name="Reset the widget ID")).to_be_visible()
        await page.get_by_role("button", name="Reset the widget ID").press("Enter")
        await expect(page.get_by_text("The widget has a new ID.")).to_be_visible()
        await expect(panel.get_by_text("This chat is no longer available.")).to_be_visible()
        await visitor.reload()
        await visitor.wait_for_load_state("networkidle")
        assert await visitor.locator("loquent-widget").count() == 0
    widget = await in_database(WidgetConfig.objects.get)
    assert widget.widget_id not in code
