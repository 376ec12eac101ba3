"""Pages that clobber, replace or rebuild what the widget needs: it works, or says why not."""

import re

import pytest
from playwright.async_api import Page, expect

from widgets.tests.browser.conversation import expect_once, open_chat, say
from widgets.tests.browser.hostile.conftest import Site
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
]

NAMES = [
    "createElementNS",
    "currentScript",
    "body",
    "head",
    "documentElement",
    "forms",
    "scripts",
    "createElement",
    "querySelectorAll",
    "querySelector",
    "addEventListener",
    "activeElement",
    "hidden",
    "title",
    "referrer",
    "getElementById",
    "cookie",
]


async def test_names_in_user_content_do_not_decide_where_code_comes_from(
    page: Page, site: Site
) -> None:
    foreign: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if "evil" in r.url else None)
    evil = 'src="https://evil.example/api/widget/x" data-widget="wid_evil"'
    content = "".join(f'<a id="{name}"></a><form name="{name}"></form>' for name in NAMES)
    content += f'<img name="currentScript" {evil}><form id="Loquent"><input name="mount"></form>'
    html = page_with(site.url, site.widget_id).replace("<h1>", f"{content}<h1>")
    with Shop(html) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
    assert [url for url in foreign if "/api/widget/x" not in url or "config" in url] == []


@pytest.mark.parametrize("zoom", [0.75, 1.25, 1.5])
async def test_page_zoom_leaves_the_panel_inside_the_window(
    page: Page, site: Site, zoom: float
) -> None:
    head = f"<style>html {{ zoom: {zoom} }}</style>"
    with Shop(page_with(site.url, site.widget_id, head=head)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await expect(panel).to_be_in_viewport(ratio=1)
        box = await panel.bounding_box()
        assert box
        assert box["width"] == pytest.approx(384, abs=9)  # It still rises.


async def test_a_page_that_frames_fixed_elements_leaves_the_chat_in_the_window(
    page: Page, site: Site
) -> None:
    head = "<style>html { transform: translateX(40px) } body { height: 5000px }</style>"
    with Shop(page_with(site.url, site.widget_id, head=head)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await page.evaluate("scrollTo(0, 900)")
        await expect(panel).to_be_in_viewport(ratio=1)
        for style in [
            "contain: layout",
            "will-change: transform",
            "transform-style: preserve-3d",
            "offset-path: path('M0 0 L100 100')",
        ]:
            await page.evaluate(
                "(style) => document.documentElement.style = `transform: none; ${style}`", style
            )
            await expect(panel).to_be_in_viewport(ratio=1)
        # No event reports a style sheet; the widget looks again when it gets the focus.
        await page.evaluate("document.documentElement.style = 'transform: none'")
        await expect(page.locator("loquent-widget[popover]")).to_have_count(0)
        await page.evaluate("document.activeElement.blur()")
        await page.add_style_tag(content="html { transform: translateX(40px) !important }")
        await page.get_by_role("button", name="Close chat", exact=True).focus()
        await page.evaluate("scrollTo(0, 0)")
        await expect(panel).to_be_in_viewport(ratio=1)


async def test_the_chat_works_while_a_modal_dialog_is_open_and_after_it(
    page: Page, site: Site
) -> None:
    dialog = '<dialog id="d" style="transform: scale(.9)"><input id="own"></dialog>'
    html = page_with(site.url, site.widget_id).replace("</h1>", f"</h1>{dialog}")
    with Shop(html) as shop:
        await page.goto(shop.origin)
        await expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()
        await page.evaluate("d.showModal()")
        await page.get_by_role("button", name="Open chat", exact=True).click()
        panel = page.locator("loquent-widget").get_by_role("dialog")
        await say(panel, "In the dialog")
        await expect_once(panel, "In the dialog")
        await page.keyboard.press("Escape")
        await expect(panel).to_be_hidden()
        assert await page.evaluate("d.open")
        await page.locator("#own").fill("mine")
        for close in ["d.close()", "d.showModal(), d.remove()"]:
            await page.evaluate(close)
            await page.wait_for_function(
                "document.querySelector('loquent-widget')?.parentNode === document.documentElement"
            )
        panel = await open_chat(page)
        await expect_once(panel, "In the dialog")


async def test_the_chat_comes_back_and_works_after_the_page_is_written_anew(
    page: Page, site: Site
) -> None:
    write = """() => {
      document.open();
      document.write("<!doctype html><html lang=en><body><h1>New</h1></body></html>");
      document.close();
    }"""
    with Shop(page_with(site.url, site.widget_id)) as shop:
        await page.goto(shop.origin)
        await expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()
        await page.evaluate(write)
        panel = await open_chat(page)
        await page.evaluate(write)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        assert await page.locator("loquent-widget").count() == 1


async def test_a_page_that_keeps_removing_the_chat_is_told_once(page: Page, site: Site) -> None:
    remove = """new MutationObserver(() => document.querySelector("loquent-widget")?.remove())
        .observe(document.documentElement, {childList: true})"""
    with Shop(page_with(site.url, site.widget_id)) as shop:
        await page.goto(shop.origin)
        await open_chat(page)
        async with page.expect_console_message(
            lambda line: re.search("keeps removing the chat", line.text) is not None
        ):
            await page.evaluate(remove)
            await page.evaluate('document.querySelector("loquent-widget").remove()')
