"""Tags that tag managers, optimizers, consent tools and routers rewrite, block or repeat."""

import hashlib
import threading
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.async_api import Page, expect

from loquent.testing.waiting import WAIT_SECONDS
from widgets.tests.browser.conversation import expect_once, open_chat, say
from widgets.tests.browser.hostile.conftest import Site
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
]


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
    page: Page, site: Site, insert: str
) -> None:
    strays: list[str] = []
    embed = f"{site.url}/api/widget/embed.js"
    html = page_with(site.url).replace(
        "</h1>",
        # The script of a drawing has no `src`.
        "</h1><svg><script>drawn = true</script></svg>"
        f"<script>EMBED = '{embed}'; WIDGET = '{site.widget_id}';"
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


async def test_a_script_without_a_widget_says_so_and_asks_nothing(page: Page, site: Site) -> None:
    html = page_with(site.url).replace(
        "</h1>", f'</h1><script src="{site.url}/api/widget/embed.js" async></script>'
    )
    with Shop(html) as shop:
        async with page.expect_console_message(
            lambda line: line.text.startswith("Loquent: no widget")
        ):
            await page.goto(shop.origin)


async def test_consent_shows_and_removes_the_widget_and_what_it_stored(
    page: Page, site: Site
) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/config") else None)
    html = page_with(site.url, site.widget_id).replace(
        "data-widget", 'data-consent="required" data-widget'
    )
    blocked = f'<script type="text/plain" src="{site.url}/api/widget/embed.js" data-widget="x">'
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


async def test_a_blocked_tag_beside_a_running_module_asks_nothing_until_it_is_allowed(
    page: Page, site: Site
) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/config") else None)
    blocked = f'<script type="text/plain" src="{site.embed}" data-widget="{site.other_id}">'
    running = f'<script type="module" src="{site.embed}" data-widget="{site.widget_id}">'
    html = page_with(site.url).replace("</h1>", f"</h1>{blocked}</script>{running}</script>")
    with Shop(html) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        assert asked == [f"{site.url}/api/widget/{site.widget_id}/config"]
        # Allowed, consent tools put a copy with another type in its place.
        await page.evaluate(
            """() => {
              const blocked = document.querySelector("[type='text/plain']");
              const copy = document.createElement("script");
              copy.src = blocked.src;
              copy.dataset.widget = blocked.dataset.widget;
              blocked.replaceWith(copy);
            }"""
        )
        await expect(page.locator("loquent-widget")).to_have_count(2)
        assert asked[1:] == [f"{site.url}/api/widget/{site.other_id}/config"]


@pytest.mark.parametrize("attributes", ["", "async", "defer", 'type="module"'])
async def test_a_tag_in_the_head_waits_for_a_body_that_streams_in_later(
    page: Page, site: Site, attributes: str
) -> None:
    arrives = threading.Event()
    tag = f'<script {attributes} src="{site.embed}" data-widget="{site.widget_id}"></script>'

    def pieces() -> Iterator[str]:
        yield f"<!doctype html><html lang=en><head><title>Shop</title>{tag}</head>"
        arrives.wait(2 * WAIT_SECONDS)
        yield "<body><h1>Shop</h1></body></html>"

    with Shop("", streams={"/slow": pieces}) as shop:
        async with page.expect_request("**/embed.js"):
            await page.goto(f"{shop.origin}/slow", wait_until="commit")
        if attributes in ("", "async"):
            # These run before the body; a module and `defer` wait for it anyway.
            await page.wait_for_function(
                "performance.getEntriesByType('resource').some((e) => e.name.endsWith('/config'))",
                polling=100,  # Without a body there are no frames.
            )
        assert await page.evaluate("document.body") is None
        assert await page.locator("loquent-widget").count() == 0
        arrives.set()
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")


SCRIPT = (settings.BASE_DIR / "widget-js/dist/widget.min.js").read_bytes()
PINNED = f"chunks/{hashlib.sha256(SCRIPT).hexdigest()[:20]}"
MOUNT = "Loquent.mount({widget: WIDGET});"
REPEATS = {
    "three times": "for (const _ of [1, 2, 3]) await add(EMBED)",
    "two versions": f"await add(EMBED); await add(EMBED.replace('embed', '{PINNED}'))",
    "mounted again after destroy": f"await add(EMBED); Loquent.destroy(); {MOUNT}",
    "the tag again after destroy": "await add(EMBED); Loquent.destroy(); await add(EMBED)",
    "destroyed twice, mounted twice": "await add(EMBED); Loquent.destroy(); Loquent.destroy();"
    f"{MOUNT} {MOUNT}",
}


@pytest.mark.parametrize("repeat", REPEATS)
async def test_repeated_scripts_leave_one_widget_with_one_connection(
    page: Page, site: Site, repeat: str
) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    names = f"const [EMBED, WIDGET] = ['{site.embed}', '{site.widget_id}'];"
    add = """const add = (src) => new Promise((done, fail) => {
      const tag = document.createElement("script");
      Object.assign(tag, {src, onload: done, onerror: fail});
      tag.dataset.widget = WIDGET;
      document.body.append(tag);
    });"""
    with Shop(page_with(site.url)) as shop:
        await page.goto(shop.origin)
        await page.evaluate(f"async () => {{ {names} {add} {REPEATS[repeat]} }}")
        panel = await open_chat(page)
        await say(panel, "Are you there?")
        await expect_once(panel, "Are you there?")
        await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
        assert await page.locator("loquent-widget").count() == 1
        assert len(sockets) == 1
