"""Pages that clobber, replace or rebuild what the widget needs: it works, or says why not."""

import re

import pytest
from playwright.async_api import Page, expect

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import expect_once, log, open_chat, opened_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]

# What libraries did, by their published behaviour. npm has no build of Prototype for browsers.
PROTOTYPE = """
  Array.prototype.toJSON = function () { return "[" + this.map((e) => JSON.stringify(e)) + "]" };
  Element.prototype.remove = function () { this.parentNode.removeChild(this) };
  Array.from = function (list) { return list ? Array.prototype.slice.call(list) : [] };
  Array.prototype.reverse = ((native) => function (inline) {
    return native.call(inline === false ? this.slice() : this) })(Array.prototype.reverse);
  Array.prototype.entries = function () { return this.slice() };
"""
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
REPLACED = {
    "Element.prototype.remove": "Element.prototype.remove = fail",
    "Element.prototype.append": "Element.prototype.append = fail",
    "Element.prototype.before": "Element.prototype.before = Element.prototype.after = fail",
    "Node.appendChild": "Node.prototype.appendChild = fail",
    "Element.attachShadow": "Element.prototype.attachShadow = fail",
    "Array.prototype.map": "setTimeout(() => { Array.prototype.map = fail }, 0)",
    "MutationObserver": "MutationObserver = fail",
    "requestAnimationFrame": "requestAnimationFrame = () => 0",
    "customElements": "customElements.define = fail",
    "crypto.randomUUID": "crypto.randomUUID = fail",
    "localStorage": "Storage.prototype.setItem = Storage.prototype.getItem = fail",
    "toJSON": "Object.prototype.toJSON = Array.prototype.toJSON = () => 'odd'",
    "Event": "Event = CustomEvent = fail",
    "URL": "URL = fail",
    "Prototype": PROTOTYPE,
}


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, greeting="Hello there.")


async def test_names_in_user_content_do_not_decide_where_code_comes_from(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    foreign: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if "evil" in r.url else None)
    server = live_server_process()
    evil = 'src="https://evil.example/api/widget/x" data-widget="wid_evil"'
    content = "".join(f'<a id="{name}"></a><form name="{name}"></form>' for name in NAMES)
    content += f'<img name="currentScript" {evil}><form id="Loquent"><input name="mount"></form>'
    html = page_with(server.url, widget.widget_id).replace("<h1>", f"{content}<h1>")
    with Shop(html) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
    assert [url for url in foreign if "/api/widget/x" not in url or "config" in url] == []


async def test_replaced_built_ins_are_survived_or_named(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    lines: list[str] = []
    page.on("console", lambda line: lines.append(line.text))
    page.set_default_timeout(6000)
    server = live_server_process()
    silent = []
    for name, script in REPLACED.items():
        head = f"<script>fail = () => {{ throw new Error('replaced') }}; {script}</script>"
        context = await page.context.browser.new_context(locale="en-US")  # type: ignore[union-attr]
        own = await context.new_page()
        own.on("console", lambda line: lines.append(line.text))
        lines.clear()
        with Shop(page_with(server.url, widget.widget_id, head=head)) as shop:
            await own.goto(shop.origin)
            launcher = own.get_by_role("button", name="Open chat", exact=True)
            try:
                await launcher.click(timeout=2500)
                panel = own.get_by_role("dialog")
                await panel.get_by_role("textbox", name="Message", exact=True).fill(
                    "Are you there?", timeout=2500
                )
                await own.keyboard.press("Enter")
                await expect(log(panel).get_by_text("Are you there?")).to_have_count(
                    1, timeout=2500
                )
            except Exception:  # noqa: BLE001 - whatever does not work
                named = [line for line in lines if line.startswith("Loquent: the chat failed")]
                if len(named) != 1:
                    silent.append((name, lines[:3]))
        await context.close()
    assert silent == []


async def test_unsent_messages_survive_a_reload_beside_prototype(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    head = f"<script>{PROTOTYPE}</script>"
    with Shop(page_with(server.url, widget.widget_id, head=head)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "one")
        await expect_once(panel, "one")
        await page.context.set_offline(True)
        for text in ["two", "three"]:
            await say(panel, text)
        stored = "JSON.parse(Object.entries(localStorage).find(([k]) => k.endsWith('outbox'))[1])"
        await page.wait_for_function(f"{stored}.length === 2")
        await page.context.set_offline(False)
        await page.reload()
        panel = await opened_chat(page)
        for text in ["one", "two", "three"]:
            await expect_once(panel, text, timeout=40_000)


@pytest.mark.parametrize("zoom", [0.75, 1.25, 1.5])
async def test_page_zoom_leaves_the_panel_inside_the_window(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, zoom: float
) -> None:
    server = live_server_process()
    head = f"<style>html {{ zoom: {zoom} }}</style>"
    with Shop(page_with(server.url, widget.widget_id, head=head)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await expect(panel).to_be_in_viewport(ratio=1)
        box = await panel.bounding_box()
        assert box
        assert box["width"] == pytest.approx(384, abs=9)  # It still rises.


async def test_a_transformed_page_leaves_the_chat_in_the_window(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    head = "<style>html { transform: translateX(40px) } body { height: 5000px }</style>"
    with Shop(page_with(server.url, widget.widget_id, head=head)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await page.evaluate("scrollTo(0, 900)")
        await expect(panel).to_be_in_viewport(ratio=1)


async def test_the_chat_works_while_a_modal_dialog_is_open_and_after_it(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    dialog = '<dialog id="d" style="transform: scale(.9)"><input id="own"></dialog>'
    html = page_with(server.url, widget.widget_id).replace("</h1>", f"</h1>{dialog}")
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


async def test_a_page_that_keeps_removing_the_chat_is_told_once(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    remove = """new MutationObserver(() => document.querySelector("loquent-widget")?.remove())
        .observe(document.documentElement, {childList: true})"""
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        await open_chat(page)
        async with page.expect_console_message(
            lambda line: re.search("keeps removing the chat", line.text) is not None
        ):
            await page.evaluate(remove)
            await page.evaluate('document.querySelector("loquent-widget").remove()')


@pytest.mark.parametrize(
    "insert",
    [
        # Google Tag Manager drops attributes; the address names the widget.
        "tag.src = EMBED + '?widget=' + WIDGET; document.head.append(tag)",
        # WP Rocket puts a clone in the place of a tag with another type.
        "tag.type = 'rocketlazyloadscript'; tag.dataset.widget = WIDGET; document.body.append(tag);"
        "const clone = document.createElement('script'); clone.src = EMBED;"
        "clone.dataset.widget = WIDGET; tag.replaceWith(clone)",
        # Rocket Loader runs the text later, without a current script.
        "tag.type = 'ab12-text/javascript'; tag.src = EMBED; tag.dataset.widget = WIDGET;"
        "document.body.append(tag); fetch(EMBED).then((r) => r.text()).then((t) => {"
        "const run = document.createElement('script'); run.text = t; document.body.append(run) })",
        # Optimizers combine scripts into a file of the shop's.
        "Loquent = [['mount', {widget: WIDGET, host: EMBED.split('/api/')[0]}]];"
        "tag.src = '/cache/bundle.js'; document.head.append(tag)",
        # Three times, with options and without.
        "for (const _ of [1, 2, 3]) { const t = document.createElement('script'); t.src = EMBED;"
        "t.dataset.widget = WIDGET; document.body.append(t) }",
    ],
)
async def test_tags_that_tools_rewrite_mount_one_widget_from_its_own_server(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, insert: str
) -> None:
    strays: list[str] = []
    server = live_server_process()
    embed = f"{server.url}/api/widget/embed.js"
    html = page_with(server.url).replace(
        "</h1>",
        f"</h1><script>EMBED = '{embed}'; WIDGET = '{widget.widget_id}';"
        f"tag = document.createElement('script'); {insert}</script>",
    )
    answer = await page.request.get(embed)
    files = {"/cache/bundle.js": "window.shop = 1;\n" + await answer.text()}
    with Shop(html, files=files) as shop:
        wrong = f"{shop.origin}/cache/bundle.js/"
        page.on("request", lambda r: strays.append(r.url) if wrong in r.url else None)
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        assert await page.locator("loquent-widget").count() == 1
        assert strays == []


async def test_a_script_without_a_widget_says_so_and_asks_nothing(
    page: Page, live_server_process: StartServer
) -> None:
    server = live_server_process()
    html = page_with(server.url).replace(
        "</h1>", f'</h1><script src="{server.url}/api/widget/embed.js" async></script>'
    )
    with Shop(html) as shop:
        async with page.expect_console_message(
            lambda line: line.text.startswith("Loquent: no widget")
        ):
            await page.goto(shop.origin)


async def test_consent_shows_and_removes_the_widget_and_what_it_stored(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/config") else None)
    server = live_server_process()
    html = page_with(server.url, widget.widget_id).replace(
        "data-widget", 'data-consent="required" data-widget'
    )
    blocked = f'<script type="text/plain" src="{server.url}/api/widget/embed.js" data-widget="x">'
    with Shop(html.replace("</h1>", f"</h1>{blocked}</script>")) as shop:
        await page.goto(shop.origin)
        assert asked == []
        await page.evaluate("Loquent.push(['consent', true])")
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        await page.evaluate("Loquent.consent(false)")
        await expect(page.locator("loquent-widget")).to_have_count(0)
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert len(asked) == 1
