"""The chat for who doesn't see it, or doesn't point: axe, names and roles, the keyboard alone."""

import asyncio

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.axe import violations_of
from widgets.tests.browser.contrast import faint_texts
from widgets.tests.browser.conversation import expect_once, open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]

RICH = (
    "# Sizes\n\nSee [the guide](https://shop.example.com/sizes):\n\n"
    "| EU | UK |\n|---|---|\n| 38 | 5 |\n\n1. Measure\n2. Order\n\n> Or ask."
    "\n\n```py\nprint(1)\n```\n\nSee [`print`](https://docs.example/print)."
)
# Colours that a brand may have and that text is hard to read on.
BRANDS = [("#6366f1", "#ffffff"), ("#ffe600", "#ffffff"), ("#0b0b0b", "#1a1a1a")]


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    agent = make_agent(acme, model="openai-chat:tokens")
    return make_widget(acme, agent=agent, name="Acme", greeting="Hi, how can I **help**?")


def focused(page: Page) -> Locator:
    """What has the focus, inside of the widget."""
    return page.locator("loquent-widget :focus")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("primary", "text"), BRANDS)
async def test_axe_reports_no_violations(
    browser: Browser,
    live_server_process: StartServer,
    transactional_db: None,
    acme: Organization,
    scheme: str,
    primary: str,
    text: str,
) -> None:
    agent = await in_database(make_agent, acme, model="openai-chat:tokens")
    widget = await in_database(
        make_widget,
        acme,
        agent=agent,
        primary_color=primary,
        text_color=text,
        contact_info_mode="optional",
        collect_name=True,
        collect_email=True,
    )
    page = await browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens(RICH))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            await expect(page.get_by_role("button", name="Open chat")).to_be_visible()
            assert await violations_of(page, "loquent-widget") == []
            panel = await open_chat(page)
            await say(panel, "Which size?")
            await expect(panel.get_by_role("table")).to_be_visible()
            await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
            await page.wait_for_function(
                "document.querySelector('loquent-widget').shadowRoot.getAnimations().length === 0"
            )
            assert await violations_of(page, "loquent-widget") == []
            await panel.get_by_role("button", name="Menu", exact=True).click()
            assert await violations_of(page, "loquent-widget") == []
            assert await faint_texts(page) == []


async def test_conversation_works_with_the_keyboard_only(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("Size **38** fits."), tokens("Size 39 fits too."))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            await expect(page.get_by_role("button", name="Open chat")).to_be_visible()
            await page.keyboard.press("Tab")
            await expect(focused(page)).to_have_accessible_name("Open chat")
            await page.keyboard.press("Enter")
            await expect(focused(page)).to_have_accessible_name("Message")
            await page.keyboard.type("Which size?")
            await page.keyboard.press("Enter")
            panel = page.get_by_role("dialog")
            await expect_once(panel, "Which size?")
            await expect(panel.get_by_role("log")).to_contain_text("Size 38 fits.")
            await expect(focused(page)).to_have_accessible_name("Message")
            rating = panel.get_by_role("button", name="Good answer")
            await expect(rating).to_be_visible()
            for _ in range(20):
                await page.keyboard.press("Shift+Tab")
                if await rating.evaluate("(node) => node.matches(':focus')"):
                    break
            await page.keyboard.press("Space")
            await expect(rating).to_have_attribute("aria-pressed", "true")
            await page.keyboard.press("Escape")
            await expect(panel).to_be_hidden()
            await expect(focused(page)).to_have_accessible_name("Open chat")


async def test_menu_closes_when_keyboard_focus_leaves_it(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        sound = panel.get_by_role("button", name="Sound")
        await panel.get_by_role("button", name="Menu", exact=True).press("Enter")
        await sound.focus()
        await page.keyboard.press("Tab")
        # What covers the panel must not cover what has the focus.
        await expect(sound).to_be_hidden()
        await expect(focused(page)).to_have_accessible_name("Conversation")
        await page.keyboard.press("Escape")
        await expect(panel).to_be_hidden()


async def test_transcript_is_exposed_to_screen_readers(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("Size **38** fits."))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await expect(panel).to_have_accessible_name("Acme")
            await say(panel, "Which size?")
            await expect_once(panel, "Which size?")
            await expect(panel.get_by_role("log")).to_contain_text("Size 38 fits.")
            # The third file, which loads after the answer, adds the mark.
            await expect(panel.get_by_role("log")).to_contain_text("AI")
            lines = await panel.get_by_role("log").evaluate(
                "(log) => [...log.children].map((line) => line.innerText.replace(/\\s+/g, ' '))"
            )
            spoken = [line for line in lines if line.strip()]
            assert spoken[0].startswith("Assistant: Hi, how can I help?")
            assert spoken[1].startswith("You: Which size?")
            assert spoken[2].startswith("AI Assistant: Size 38 fits.")


async def test_each_answer_is_announced_once_and_completely(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    gate = asyncio.Event()
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("The first half, ", "and the second.", gate=gate))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await expect(panel.get_by_role("log")).to_contain_text("how can I help")
            # What a live region would read: text added to the log while it is polite.
            await panel.get_by_role("log").evaluate(
                """(log) => {
                  window.heard = [];
                  new MutationObserver((changes) => {
                    if (log.getAttribute("aria-live") === "off") return;
                    for (const { addedNodes } of changes)
                      for (const node of addedNodes) heard.push(node.textContent);
                  }).observe(log, { childList: true, subtree: true });
                }"""
            )
            await say(panel, "Tell me")
            await expect(panel.get_by_text("The first half,")).to_be_visible()
            gate.set()
            await expect_once(panel, "The first half, and the second.")
            await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
            heard: list[str] = await page.evaluate("heard")
            answers = [text for text in heard if "half" in text]
            assert len(answers) == 1
            assert "The first half, and the second." in answers[0]
