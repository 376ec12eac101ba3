"""The first line of an answer stays in view while it is written, however long it gets."""

import asyncio

import pytest
from playwright.async_api import Browser, Locator, ViewportSize, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import log, open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]
LONG = [f"\n\nParagraph {number}. " + "Bread and butter. " * 30 for number in range(90)]


async def depth_of(panel: Locator, text: str) -> float:
    """How far a text's top is below the transcript's, in parts of the transcript's height."""
    depth: float = (
        await log(panel)
        .get_by_text(text, exact=True)
        .evaluate(
            """(node) => {
          const around = node.closest(".scroller").getBoundingClientRect();
          return (node.getBoundingClientRect().top - around.top) / around.height;
        }"""
        )
    )
    return depth


@pytest.mark.parametrize("size", [(375, 667), (1280, 800)])
async def test_start_of_a_long_answer_stays_in_view(
    browser: Browser, live_server_process: StartServer, widget: WidgetConfig, size: tuple[int, int]
) -> None:
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    page = await browser.new_page(viewport=viewport)
    gates = [asyncio.Event(), asyncio.Event()]
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(
            tokens("Earlier.", *LONG, "\n\nThe end of it."),
            tokens("First line.", *LONG, "\n\nThe last line.", gate=gates[0]),
            tokens("Another start.", *LONG, "\n\nAnother end.", gate=gates[1]),
        )
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "Before")
            await expect(log(panel)).to_contain_text("The end of it.")
            # The third file, which loads after the answer, makes the lines higher.
            await expect(panel.get_by_role("button", name="Good answer")).to_be_visible()
            assert 0 <= await depth_of(panel, "Earlier.") < 0.5

            await say(panel, "Long, please")
            await expect(log(panel)).to_contain_text("First line.")
            # The question has moved to the top, and nothing moves from there.
            at = await depth_of(panel, "First line.")
            assert 0 <= at < 0.5
            gates[0].set()
            await expect(log(panel)).to_contain_text("The last line.")
            assert abs(await depth_of(panel, "First line.") - at) < 0.05

            # Visitors who scroll are left where they are.
            await say(panel, "Once more")
            await expect(log(panel)).to_contain_text("Another start.")
            await panel.get_by_role("group", name="Conversation").evaluate(
                """(node) => new Promise((done) => {
                  // The widget hears of it with the page's next frame.
                  node.addEventListener("scroll", () => done(), { once: true });
                  node.scrollTop -= 200;
                })"""
            )
            moved = await depth_of(panel, "Another start.")
            gates[1].set()
            await expect(log(panel)).to_contain_text("Another end.")
            # Apart from the buttons of the answer before, which get a row of their own.
            assert abs(await depth_of(panel, "Another start.") - moved) < 0.1
