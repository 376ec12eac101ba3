"""The chat works on pages with real libraries that take focus, wheel, events, or the document."""

import pytest
from playwright.async_api import Page, expect

from widgets.tests.browser.conversation import log, open_chat
from widgets.tests.browser.hostile.conftest import Site
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.asyncio(loop_scope="session"),
]


def page_of(site: Site, script: str) -> str:
    head = f'<script src="/{script}" defer></script>'
    return page_with(site.url, site.widget_id, head=head)


async def ready(page: Page) -> None:
    await expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()
    await page.wait_for_function("window.pageReady")


async def use_chat(page: Page) -> None:
    """Open it by mouse, type by keyboard, send."""
    await page.get_by_role("button", name="Open chat", exact=True).click()
    # The page may have a dialog of its own.
    panel = page.locator("loquent-widget").get_by_role("dialog")
    box = panel.get_by_role("textbox", name="Message", exact=True)
    await box.click()
    await page.keyboard.type("Are you there?")
    await expect(box).to_have_value("Are you there?")
    # Dialogs look after the focus with timers, too.
    await page.evaluate("() => new Promise((done) => setTimeout(done, 120))")
    await expect(box).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(log(panel).get_by_text("Are you there?", exact=True)).to_have_count(1)


@pytest.mark.parametrize(
    ("script", "query", "own"),
    [
        ("bootstrap.js", "?kind=modal", "#own"),
        ("bootstrap.js", "?kind=offcanvas", "#o input"),
        ("focus-trap.js", "", "#own"),
        ("mui.js", "", "#own"),
        ("radix.js", "", "#own"),
    ],
)
async def test_chat_works_beside_an_open_library_dialog(
    page: Page,
    site: Site,
    bundles: dict[str, str],
    script: str,
    query: str,
    own: str,
) -> None:
    with Shop(page_of(site, script), files=bundles) as shop:
        await page.goto(f"{shop.origin}/{query}")
        await ready(page)
        await expect(page.locator(own)).to_be_visible()
        await use_chat(page)
        # The dialog is still open, and its own field can be used.
        await page.locator(own).fill("mine")
        await expect(page.locator(own)).to_have_value("mine")


async def test_wheel_scrolls_the_transcript_with_lenis(
    page: Page, site: Site, bundles: dict[str, str]
) -> None:
    with Shop(page_of(site, "lenis.js"), files=bundles) as shop:
        await page.goto(shop.origin)
        await ready(page)
        panel = await open_chat(page)
        box = panel.get_by_role("textbox", name="Message", exact=True)
        await box.fill("\n".join(["line"] * 60))
        await box.press("Enter")
        scroller = page.locator("loquent-widget").locator(".scroller")
        await expect(scroller.get_by_text("line").first).to_be_visible()
        # The answer that arrives moves the transcript, too.
        await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
        await scroller.hover()
        await page.wait_for_function(
            """() => document.querySelector("loquent-widget").shadowRoot
                .querySelector(".scroller").scrollTop > 0"""
        )
        before = await scroller.evaluate("(element) => element.scrollTop")
        await page.mouse.wheel(0, -300)
        await page.wait_for_function(
            """(before) => document.querySelector("loquent-widget").shadowRoot
                .querySelector(".scroller").scrollTop < before""",
            arg=before,
        )
        assert await page.evaluate("scrollY") == 0
        # The page itself still scrolls smoothly.
        await page.mouse.move(100, 100)
        await page.mouse.wheel(0, 300)
        await page.wait_for_function("scrollY > 0")


@pytest.mark.parametrize("script", ["react-18.js", "react-19.js"])
async def test_chat_returns_after_a_hydration_mismatch(
    page: Page,
    site: Site,
    bundles: dict[str, str],
    script: str,
) -> None:
    with Shop(page_of(site, script), files=bundles) as shop:
        await page.goto(shop.origin)
        await ready(page)
        await page.evaluate("hydrate()")
        await expect(page.get_by_text("Drawn by React")).to_be_visible()
        await use_chat(page)
        assert await page.locator("loquent-widget").count() == 1


async def test_open_chat_survives_turbo_visits_and_cache(
    page: Page, site: Site, bundles: dict[str, str]
) -> None:
    html = page_of(site, "turbo.js")
    second = html.replace("<h1>Shop</h1>", "<h1>Second</h1>").replace(
        "</head>", '<meta name="turbo-refresh-method" content="morph"></head>'
    )
    with Shop(html, files={**bundles, "/second": second}) as shop:
        await page.goto(shop.origin)
        await ready(page)
        await use_chat(page)
        for action in ['Turbo.visit("/second")', "history.back()", 'Turbo.visit("/second")']:
            heading = "Shop" if "back" in action else "Second"
            await page.evaluate(f"() => {{ {action} }}")
            await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
            assert await page.locator("loquent-widget").count() == 1
            await expect(log(page.get_by_role("dialog"))).to_contain_text("Are you there?")


async def test_angular_app_becomes_stable_with_an_open_chat(
    page: Page, site: Site, bundles: dict[str, str]
) -> None:
    options = f'{{host: "{site.url}", widget: "{site.widget_id}"}}'
    html = (
        f"<!doctype html><title>Shop</title><body><script>mountOptions = {options}; Loquent = [["
        '"on", "ready", () => {}]]</script><script src="/angular.js"></script>'
        f'<script src="{site.url}/api/widget/embed.js" async></script>'
    )
    with Shop(html, files=bundles) as shop:
        await page.goto(shop.origin)
        await ready(page)
        await use_chat(page)
        await page.wait_for_function("isStable")


async def test_strict_mode_leaves_one_widget_with_one_connection(
    page: Page, site: Site, bundles: dict[str, str]
) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    options = f'{{host: "{site.url}", widget: "{site.widget_id}"}}'
    head = f'<script>mountOptions = {options}</script><script src="/strict-mode.js" defer></script>'
    with Shop(page_with(site.url, head=head), files=bundles) as shop:
        await page.goto(shop.origin)
        await ready(page)
        assert await page.evaluate("mounts") == 2
        await use_chat(page)
        assert await page.locator("loquent-widget").count() == 1
        assert len(sockets) == 1


@pytest.mark.parametrize("script", ["mootools.js", "require.js"])
async def test_chat_works_beside_a_script_that_changes_globals(
    page: Page,
    site: Site,
    bundles: dict[str, str],
    script: str,
) -> None:
    html = page_of(site, script).replace(" defer", "")
    with Shop(html, files=bundles) as shop:
        await page.goto(shop.origin)
        await page.evaluate("window.pageReady = true")
        await ready(page)
        await use_chat(page)
