"""Where the page wants the chat, routers that swap the document, and events that a page takes."""

import pytest
from playwright.async_api import Page, expect

from widgets.tests.browser.conversation import expect_once, log, open_chat, say
from widgets.tests.browser.hostile.conftest import Site
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
]
# What Astro's ClientRouter does, by its documentation: swap attributes, head and body, then run
# the scripts of the new page again.
CLIENT_ROUTER = """async (url) => {
  const text = await (await fetch(url)).text();
  const next = new DOMParser().parseFromString(text, "text/html");
  const swap = () => {
    const root = document.documentElement;
    for (const { name } of [...root.attributes]) root.removeAttribute(name);
    for (const { name, value } of next.documentElement.attributes) root.setAttribute(name, value);
    document.head.replaceChildren(...next.head.children);
    document.body.replaceWith(next.body);
    for (const old of [...document.getElementsByTagName("script")]) {
      const script = document.createElement("script");
      script.textContent = old.textContent;
      for (const { name, value } of old.attributes) script.setAttribute(name, value);
      script.dataset.astroExec = "";
      old.replaceWith(script);
    }
  };
  history.pushState({}, "", url);
  await document.startViewTransition(swap).finished;
  document.dispatchEvent(new Event("astro:page-load"));
}"""
TYPES = [
    "beforeinput", "input", "compositionstart", "compositionupdate", "compositionend", "copy",
    "cut", "paste", "dragenter", "dragover", "dragstart", "drop", "selectstart",
]  # fmt: skip


async def test_the_open_chat_stays_through_view_transitions(page: Page, site: Site) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    html = page_with(site.url, site.widget_id)
    second = html.replace("<h1>Shop</h1>", "<h1>Second</h1>").replace('lang="en"', 'lang="en-GB"')
    with Shop(html, files={"/second": second}) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
        await panel.get_by_role("textbox", name="Message", exact=True).fill("A draft")
        for url, heading in [("/second", "Second"), ("/", "Shop"), ("/second", "Second")]:
            await page.evaluate(CLIENT_ROUTER, url)
            await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
            await expect(panel).to_be_visible()
            await expect_once(panel, "Are you there?")
            await expect(panel.get_by_role("textbox", name="Message")).to_have_value("A draft")
        await page.keyboard.press("Enter")
        await expect_once(panel, "A draft")
        assert await page.locator("loquent-widget").count() == 1
        assert len(sockets) == 1


async def test_the_chat_is_in_the_container_while_there_is_one(page: Page, site: Site) -> None:
    html = page_with(site.url, site.widget_id).replace(
        "data-widget", 'data-container="#home" data-widget'
    )
    parent = "document.querySelector('loquent-widget')?.parentNode"
    with Shop(html.replace("</h1>", '</h1><div id="home"></div>')) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        assert await page.evaluate(f"{parent}.id") == "home"
        await page.evaluate("home.remove()")
        await page.wait_for_function(f"{parent} === document.documentElement")
        await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=home></p>')")
        await page.wait_for_function(f"{parent}?.id === 'home'")
        await expect_once(panel, "Are you there?")
        assert await page.locator("loquent-widget").count() == 1


async def test_text_is_composed_copied_pasted_and_dropped_beside_a_dialog_that_cancels_all_of_it(
    page: Page, site: Site, bundles: dict[str, str]
) -> None:
    head = f"""<script>
      taken = [];
      for (const type of {TYPES})
        for (const target of [window, document])
          target.addEventListener(type, (event) => {{
            taken.push(type);
            event.preventDefault();
            event.stopImmediatePropagation();
          }}, target === document);
    </script><script src="/bootstrap.js" defer></script>"""
    with Shop(page_with(site.url, site.widget_id, head=head), files=bundles) as shop:
        await page.goto(f"{shop.origin}/?kind=modal")
        await page.wait_for_function("window.pageReady")
        await page.get_by_role("button", name="Open chat", exact=True).click()
        panel = page.locator("loquent-widget").get_by_role("dialog")
        box = panel.get_by_role("textbox", name="Message", exact=True)
        await box.click()
        devtools = await page.context.new_cdp_session(page)
        await devtools.send(
            "Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2}
        )
        await expect(box).to_have_value("にほ")
        await devtools.send("Input.insertText", {"text": "日本"})
        await expect(box).to_have_value("日本")
        for keys in ["Control+a", "Control+c", "End", "Control+v"]:
            await page.keyboard.press(keys)
        await expect(box).to_have_value("日本日本")
        await page.keyboard.press("Control+a")
        await page.keyboard.press("Control+x")
        await expect(box).to_have_value("")
        dropped = await box.evaluate(
            """(box) => ["dragenter", "dragover", "drop"].map((type) => box.dispatchEvent(
              new DragEvent(type, {bubbles: true, composed: true, cancelable: true})))"""
        )
        assert dropped == [True, True, True]
        await page.keyboard.press("Control+v")
        await page.keyboard.press("Enter")
        await expect(log(panel).get_by_text("日本日本", exact=True)).to_have_count(1)
        assert await page.evaluate("taken") == []
