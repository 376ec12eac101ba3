"""Pages whose own styles are against everybody: the widget looks and works as on a plain one."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]

# The page itself has to be there for anything to be: html and body are left their display.
HOSTILE = {
    "reverted": "* { all: revert !important; font-size: 3px !important }",
    "root": """html { font-size: 2px; filter: invert(1); direction: rtl; visibility: hidden;
        pointer-events: none; text-transform: uppercase; letter-spacing: 9px; line-height: 9 }""",
    "hidden": """div, button, loquent-widget, :not(:defined) {
        display: none !important; visibility: hidden !important }""",
    "moved body": """body { transform: rotate(20deg); filter: blur(5px); opacity: .1;
        overflow: hidden } body > * { transform: scale(.1) }
        html > * { transform: scale(.2); max-width: 10px }""",
    "everything": """:not(html, body) { display: none !important; opacity: 0 !important;
        visibility: hidden !important; pointer-events: none !important; zoom: .1 !important;
        filter: blur(9px) !important; transform: translateX(-9999px) !important;
        clip-path: inset(50%) !important; max-width: 0 !important; max-height: 0 !important;
        position: static !important; contain: strict !important;
        content-visibility: hidden !important; transition: all 9s !important;
        animation: spin 1s infinite !important } @keyframes spin { to { opacity: 0 } }""",
    "a layer": "@layer a { :not(html, body) { display: none !important } }",
    "our names": """:root { --_x: 900px; --_y: 900px; --_size: 4px; --_surface: red;
        --_height: 10px; --_top: 500px; --_brand: transparent; --_on: transparent }"""
    # These apply to all shadow roots of the page, too.
    + "".join(
        f"@property --{name} {{ syntax: '<angle>'; inherits: false; initial-value: 0deg }}"
        for name in ["x", "y", "size", "height", "top", "text", "line", "surface", "on", "fill"]
    ),
}
# What a visitor would see of it: place, size, and what text inherits.
MEASURE = """() => {
  const { shadowRoot } = document.querySelector("loquent-widget");
  return [".launcher", ".panel", "h2", "textarea", "[role=log] .bubble"].map((selector) => {
    const element = shadowRoot.querySelector(selector);
    const { x, y, width, height } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const names = ["fontSize", "fontFamily", "color", "backgroundColor", "letterSpacing",
      "lineHeight", "textTransform", "direction", "visibility", "pointerEvents", "opacity"];
    return [selector, x, y, width, height, ...names.map((name) => style[name])];
  });
}"""


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, greeting="Hello there.")


async def look_of(page: Page, server: ServerProcess, widget: WidgetConfig, css: str) -> Any:
    """What the open panel looks like on a page with these styles, after a message was sent."""
    head = f"<style>{css}</style>"
    with Shop(page_with(server.url, widget.widget_id, head=head)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await expect(panel.get_by_role("log")).to_contain_text("Hello there.")
        # The pointer is on the launcher, which it makes larger; and the panel has risen.
        await page.mouse.move(1, 1)
        await page.wait_for_function(
            "document.querySelector('loquent-widget').shadowRoot.getAnimations().length === 0"
        )
        look = await page.evaluate(MEASURE)
        await say(panel, "When do you ship?")
        await expect(panel.get_by_role("log")).to_contain_text("When do you ship?")
        return look


async def test_page_styles_do_not_affect_the_widget(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    plain = await look_of(page, server, widget, "")
    for name, css in HOSTILE.items():
        assert await look_of(page, server, widget, css) == plain, name


async def test_widget_styles_do_not_affect_the_page(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    look = """() => [...document.querySelectorAll("html, body, h1, button")].map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      return [x, y, width, height, ...[...style].map((name) => style.getPropertyValue(name))];
    })"""
    server = live_server_process()
    html = page_with(server.url, widget.widget_id).replace(
        "</h1>", "</h1><button>The page's own</button>"
    )
    with Shop(html) as shop:
        await page.route("**/embed.js", lambda route: route.abort())
        await page.goto(shop.origin)
        before = await page.evaluate(look)
        await page.unroute("**/embed.js")
        await page.goto(shop.origin)
        await open_chat(page)
        assert await page.evaluate(look) == before
