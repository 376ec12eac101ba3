"""Blockers and proxies that keep files, settings or sockets from the page: the page stays whole."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, WebSocketRoute, expect

from widgets.tests.browser.conversation import expect_once, open_chat, say
from widgets.tests.browser.hostile.conftest import Site
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
]
BUY = "<button onclick='bought = true'>Buy</button>"
# Where the widget would take a click, outside the two things of it that can be seen.
COVERED = """() => {
  const host = document.querySelector("loquent-widget");
  const seen = [...host.shadowRoot.querySelectorAll("[part~=launcher], [part~=toast]")]
    .map((element) => element.getBoundingClientRect());
  const inside = (x, y) =>
    // Edges between two pixels count.
    seen.some((box) =>
      x >= box.left - 1 && x <= box.right + 1 && y >= box.top - 1 && y <= box.bottom + 1);
  const covered = [];
  for (let x = 2; x < innerWidth; x += 8)
    for (let y = 2; y < innerHeight; y += 8)
      if (document.elementFromPoint(x, y) === host && !inside(x, y)) covered.push([x, y]);
  return covered;
}"""


def page_with_a_button(site: Site) -> str:
    return page_with(site.url, site.widget_id).replace("</h1>", f"</h1>{BUY}")


async def buy(page: Page) -> None:
    """The page's own button works."""
    await page.get_by_role("button", name="Buy").click()
    assert await page.evaluate("bought")


async def test_a_page_stays_whole_if_the_script_is_blocked(page: Page, site: Site) -> None:
    await page.route("**/embed.js", lambda route: route.abort("blockedbyclient"))
    with Shop(page_with_a_button(site)) as shop:
        await page.goto(shop.origin)
        await page.evaluate("(window.Loquent ||= []).push(['open'])")
        await buy(page)
        assert await page.locator("loquent-widget").count() == 0


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
async def test_a_chat_whose_files_are_blocked_says_so_and_covers_nothing(
    browser: Browser, site: Site, phone: bool
) -> None:
    size: Any = {"width": 375, "height": 667} if phone else {"width": 1280, "height": 720}
    context = await browser.new_context(
        locale="en-US", viewport=size, has_touch=phone, is_mobile=phone
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.route("**/chunks/*", lambda route: route.abort("blockedbyclient"))
    with Shop(page_with_a_button(site)) as shop:
        await page.goto(shop.origin)
        await page.get_by_role("button", name="Open chat", exact=True).click()
        await expect(page.get_by_text("Trying again")).to_be_visible()
        assert await page.evaluate(COVERED) == []
        await buy(page)
        # Allowed again, it opens by itself.
        await page.unroute("**/chunks/*")
        panel = page.get_by_role("dialog")
        await expect(panel).to_be_visible()
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        await page.evaluate("Loquent.destroy()")
        await buy(page)
    await context.close()
    assert errors == []


async def test_a_message_waits_while_the_socket_is_blocked(page: Page, site: Site) -> None:
    blocked = True

    async def answer(socket: WebSocketRoute) -> None:
        if blocked:
            await socket.close(code=1011)
        else:
            socket.connect_to_server()

    await page.route_web_socket("**/*", answer)
    with Shop(page_with_a_button(site)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect(panel.get_by_text("Waiting…")).to_be_visible()
        await buy(page)
        blocked = False
        await page.evaluate("dispatchEvent(new Event('online'))")
        await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
        await expect_once(panel, "Are you there?")


@pytest.mark.parametrize("how", ["a proxy's page", "a broken connection"])
async def test_the_button_appears_although_the_first_settings_do_not_arrive(
    page: Page, site: Site, how: str
) -> None:
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            await route.continue_()
        elif how == "a broken connection":
            await route.abort("connectionreset")
        else:
            headers = {"Access-Control-Allow-Origin": "*"}
            html = "<h1>Bad gateway</h1>"
            await route.fulfill(status=502, content_type="text/html", body=html, headers=headers)

    await page.route("**/config", answer)
    with Shop(page_with_a_button(site)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
    assert len(asked) == 2
