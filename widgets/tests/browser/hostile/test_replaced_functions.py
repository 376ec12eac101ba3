"""Pages that replace built-in functions: the chat works, or one line says which they are."""

import pytest
from playwright.async_api import Page, expect

from loquent.testing.proxy import FaultyProxy
from widgets.tests.browser.conversation import expect_once, open_chat, opened_chat, say
from widgets.tests.browser.hostile.conftest import Site
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
]

# What libraries did, by their published behaviour. npm has no build of Prototype for browsers.
PROTOTYPE = """
  Array.prototype.toJSON = function () { return "[" + this.map((e) => JSON.stringify(e)) + "]" };
  Element.prototype.remove = function () { this.parentNode.removeChild(this) };
  Array.from = function (list) { return list ? Array.prototype.slice.call(list) : [] };
  Array.prototype.reverse = ((native) => function (inline) {
    return native.call(inline === false ? this.slice() : this) })(Array.prototype.reverse);
  Array.prototype.entries = function () { return this.slice() };
"""
SURVIVED = {
    "Prototype": PROTOTYPE,
    "remove": "Element.prototype.remove = fail",
    "queries": "Document.prototype.querySelectorAll = Element.prototype.querySelector = fail",
    "MutationObserver": "MutationObserver = fail",
    "requestAnimationFrame": "requestAnimationFrame = () => 0",
    "customElements": "customElements.define = fail",
    "randomUUID": "crypto.randomUUID = fail",
    "storage": "Storage.prototype.setItem = Storage.prototype.getItem = fail",
    "toJSON": "Object.prototype.toJSON = Array.prototype.toJSON = () => 'odd'",
    "events and addresses": "Event = CustomEvent = URL = fail",
    "frozen": "for (const each of [Object, Array, Function, Promise, Map, Node, Element, Event])"
    "{ Object.freeze(each); Object.freeze(each.prototype) }",
    "wrapped sockets and promises": "WebSocket = ((W) => function (...a) { return new W(...a) })"
    "(WebSocket); Promise = class extends Promise {}",
    "fetch": "fetch = fail",
    "fetch with cookies": "fetch = ((ask) => (url, options) => "
    "ask(url, {...options, credentials: 'include'}))(fetch)",
    "fetch of the shop's server": "fetch = new Proxy(fetch, {apply: (ask, self, [url]) => "
    "ask.call(self, url, {mode: 'same-origin'})})",
    "fetch that returns data": "fetch = ((ask) => (...all) => "
    "ask(...all).then((answer) => answer.json()))(fetch)",
    "names of options": "for (const name of 'mode cache method headers body signal'.split(' '))"
    "Object.prototype[name] = 'odd'",
    "revived dates": "JSON.parse = ((parse) => (text) => parse(text, (_, value) => "
    "/^\\d{4}-\\d\\d-\\d\\dT/.test(value) ? new Date(value) : value))(JSON.parse)",
}
# By the name that the console line has.
NAMED = {
    "Element.append": "Element.prototype.append = fail",
    "Node.appendChild": "Node.prototype.appendChild = fail",
    "Element.attachShadow": "Element.prototype.attachShadow = fail",
    "EventTarget.addEventListener": "EventTarget.prototype.addEventListener = fail",
    "CSSStyleSheet": "CSSStyleSheet = class {}",
    "Array.map": "Array.prototype.map = fail",
    "String.includes": "String.prototype.includes = fail",
    "Promise.then": "Promise.prototype.then = fail",
    "setTimeout": "setTimeout = fail",
    "matchMedia": "matchMedia = undefined",
    "JSON.stringify": "JSON.stringify = fail",
}
FAILED = "Loquent: the chat failed. This page has replaced "


def page_that_runs(site: Site, script: str) -> str:
    """Return a page with some functions of its own, which `script` puts in the place of others."""
    own = "".join(f"function shop{number}() {{}};" for number in range(50))
    fail = "{ const fail = () => { throw new Error('replaced') }; " + script + " }"
    head = f"<script>Loquent = [['open']]; {own}{fail}</script>"
    return page_with(site.url, site.widget_id, head=head)


@pytest.mark.parametrize("name", SURVIVED)
async def test_the_chat_answers_although_a_page_has_replaced_functions(
    page: Page, site: Site, name: str
) -> None:
    lines: list[str] = []
    page.on("console", lambda line: lines.append(line.text))
    with Shop(page_that_runs(site, SURVIVED[name])) as shop:
        await page.goto(shop.origin)
        panel = await opened_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
    assert [line for line in lines if line.startswith(FAILED)] == []


@pytest.mark.parametrize("name", NAMED)
async def test_one_line_names_the_replaced_function_that_the_chat_cannot_do_without(
    rough_page: Page, site: Site, name: str
) -> None:
    lines: list[str] = []
    rough_page.on("console", lambda line: lines.append(line.text))
    with Shop(page_that_runs(site, NAMED[name])) as shop:
        async with rough_page.expect_console_message(lambda line: line.text.startswith(FAILED)):
            await rough_page.goto(shop.origin)
        # The page has loaded, and its own scripts still run.
        assert await rough_page.evaluate("document.readyState") == "complete"
    [line] = [line for line in lines if line.startswith(FAILED)]
    assert line.removeprefix(FAILED).split("Error")[0].split()[:1] == [name]


@pytest.mark.parametrize("script", ["WebSocket = undefined", "WebSocket = class { x = fail() }"])
async def test_a_page_without_sockets_says_that_there_is_no_chat(
    page: Page, site: Site, script: str
) -> None:
    lines: list[str] = []
    page.on("console", lambda line: lines.append(line.text))
    with Shop(page_that_runs(site, script)) as shop:
        await page.goto(shop.origin)
        panel = await opened_chat(page)
        await expect(panel.get_by_text("This chat is no longer available.")).to_be_visible()
        await expect(panel.get_by_role("textbox", name="Message", exact=True)).to_be_disabled()
    [line] = [line for line in lines if line.startswith(FAILED)]
    assert line.removeprefix(FAILED).split("Error")[0].split()[:1] == ["WebSocket"]


async def test_unsent_messages_survive_a_reload_beside_prototype(page: Page, site: Site) -> None:
    async with FaultyProxy(site.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        html = page_with(url, site.widget_id, head=f"<script>{PROTOTYPE}</script>")
        with Shop(html) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "one")
            await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
            proxy.swallow()
            for text in ["two", "three"]:
                await say(panel, text)
            name = "Object.keys(localStorage).find((each) => each.endsWith('outbox'))"
            stored = f"JSON.parse(localStorage[{name}])"
            await page.wait_for_function(f"{stored}.length === 2")
            proxy.cut()
            proxy.pass_on()
            await page.reload()
            panel = await opened_chat(page)
            await page.wait_for_function(f"!({name}) || !{stored}.length")
            for text in ["one", "two", "three"]:
                await expect_once(panel, text)
