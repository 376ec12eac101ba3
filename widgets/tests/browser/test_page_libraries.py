"""The chat works on pages with real libraries that take focus, wheel, events, or the document."""

import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from playwright.async_api import Page, expect

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import log, open_chat
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]

SOURCES = Path(settings.BASE_DIR) / "widget-js"


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, greeting="Hello there.")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The scripts of the pages by their paths, with the libraries that `package.json` pins."""
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run(["node", SOURCES / "test/pages/build.js", folder], check=True)
    files = {f"/{path.name}": path.read_text() for path in folder.glob("*.js")}
    packages = SOURCES / "node_modules"
    files["/require.js"] = (packages / "requirejs/require.js").read_text()
    # Without the half that needs a DOM, which is not on npm.
    files["/mootools.js"] = (packages / "mootools/lib/mootools-core-1.5.2-server.js").read_text()
    return files


def page_of(server_url: str, widget: WidgetConfig, script: str) -> str:
    head = f'<script src="/{script}" defer></script>'
    return page_with(server_url, widget.widget_id, head=head)


async def ready(page: Page) -> None:
    await expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()
    await page.wait_for_function("window.pageReady")


async def use_chat(page: Page) -> None:
    """Open it by mouse, type by keyboard, send."""
    panel = await open_chat(page)
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
async def test_the_chat_works_beside_an_open_dialog_of_a_library(
    page: Page,
    live_server_process: StartServer,
    widget: WidgetConfig,
    bundles: dict[str, str],
    script: str,
    query: str,
    own: str,
) -> None:
    server = live_server_process()
    with Shop(page_of(server.url, widget, script), files=bundles) as shop:
        await page.goto(f"{shop.origin}/{query}")
        await ready(page)
        await expect(page.locator(own)).to_be_visible()
        await use_chat(page)
        # The dialog is still open, and its own field can be used.
        await page.locator(own).fill("mine")
        await expect(page.locator(own)).to_have_value("mine")


async def test_the_wheel_scrolls_the_transcript_under_lenis(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, bundles: dict[str, str]
) -> None:
    server = live_server_process()
    with Shop(page_of(server.url, widget, "lenis.js"), files=bundles) as shop:
        await page.goto(shop.origin)
        await ready(page)
        panel = await open_chat(page)
        box = panel.get_by_role("textbox", name="Message", exact=True)
        await box.fill("\n".join(["line"] * 60))
        await box.press("Enter")
        scroller = page.locator("loquent-widget").locator(".scroller")
        await expect(scroller.get_by_text("line").first).to_be_visible()
        await scroller.hover()
        top = "(element) => element.scrollTop"
        before = await scroller.evaluate(top)
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
async def test_the_chat_returns_after_the_document_is_hydrated_with_a_mismatch(
    page: Page,
    live_server_process: StartServer,
    widget: WidgetConfig,
    bundles: dict[str, str],
    script: str,
) -> None:
    server = live_server_process()
    with Shop(page_of(server.url, widget, script), files=bundles) as shop:
        await page.goto(shop.origin)
        await ready(page)
        await page.evaluate("hydrate()")
        await expect(page.get_by_text("Drawn by React")).to_be_visible()
        await use_chat(page)
        assert await page.locator("loquent-widget").count() == 1


async def test_the_open_chat_stays_through_visits_of_turbo_and_its_cache(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, bundles: dict[str, str]
) -> None:
    server = live_server_process()
    html = page_of(server.url, widget, "turbo.js")
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


async def test_an_angular_app_with_an_open_chat_is_stable(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, bundles: dict[str, str]
) -> None:
    server = live_server_process()
    options = f'{{host: "{server.url}", widget: "{widget.widget_id}"}}'
    html = (
        f"<!doctype html><title>Shop</title><body><script>mountOptions = {options}; Loquent = [["
        '"on", "ready", () => {}]]</script><script src="/angular.js"></script>'
        f'<script src="{server.url}/api/widget/embed.js" async></script>'
    )
    with Shop(html, files=bundles) as shop:
        await page.goto(shop.origin)
        await ready(page)
        await use_chat(page)
        await page.wait_for_function("isStable")


@pytest.mark.parametrize("script", ["mootools.js", "require.js"])
async def test_the_chat_works_beside_a_script_that_changes_the_globals(
    page: Page,
    live_server_process: StartServer,
    widget: WidgetConfig,
    bundles: dict[str, str],
    script: str,
) -> None:
    server = live_server_process()
    html = page_of(server.url, widget, script).replace(" defer", "")
    with Shop(html, files=bundles) as shop:
        await page.goto(shop.origin)
        await page.evaluate("window.pageReady = true")
        await ready(page)
        await use_chat(page)
