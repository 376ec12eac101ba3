"""Each paragraph, item and line has the direction of its own text."""

import pytest
from playwright.async_api import Locator, Page, expect

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import log, open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]

GREETING = """The same greeting, written in Arabic:

مرحبا بكم في المتجر

- one
- واحد

The first line is longer
السطر الثاني"""

# Whether the text of each line begins at the left or right edge of its block.
SIDES = """element => {
  const box = element.getBoundingClientRect();
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const sides = [];
  while (texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    for (const { left, right, width } of range.getClientRects())
      if (width > 1) sides.push(left - box.left <= box.right - right ? "left" : "right");
  }
  return sides;
}"""


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme), name="Acme", greeting=GREETING)


async def sides(block: Locator) -> list[str]:
    found: list[str] = await block.evaluate(SIDES)
    return found


async def test_text_is_aligned_by_its_own_direction(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await expect(panel.get_by_text("The same greeting, written in Arabic:")).to_be_visible()
        assert await sides(panel.get_by_text("The same greeting, written in Arabic:")) == ["left"]
        assert await sides(panel.get_by_text("مرحبا بكم")) == ["right"]
        for text, direction in (("one", "ltr"), ("واحد", "rtl")):
            item = panel.get_by_role("listitem").filter(has_text=text)
            assert await item.evaluate("item => getComputedStyle(item).direction") == direction
        assert await sides(panel.get_by_text("The first line is longer")) == ["left", "right"]
        await say(panel, "A long enough first line of a question\nسؤال")
        line = log(panel).get_by_text("A long enough first line")
        await expect(line).to_be_visible()
        assert await sides(line) == ["left", "right"]
