"""What stands at which side: by the language of the page, and by what an answer asks for."""

import re

import pytest
from playwright.async_api import Page, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


async def test_placeholder_follows_the_writing_direction(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    html = page_with(server.url, widget.widget_id).replace('lang="en"', 'lang="ar"')
    with Shop(html) as shop:
        await page.goto(shop.origin)
        await page.get_by_role("button").click()
        field = page.get_by_role("dialog").get_by_role("textbox")
        await expect(field).to_have_css("direction", "rtl")
        await field.fill("Where is my order?")
        await expect(field).to_have_css("direction", "ltr")
        await field.fill("أين طلبي؟")
        await expect(field).to_have_css("direction", "rtl")


async def test_table_columns_are_aligned_as_in_the_markdown(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("| Size | Price | Left |\n|---|---:|:---:|\n| M | 9 | 3 |"))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "What does it cost?")
            for role in ("columnheader", "cell"):
                cells = panel.get_by_role(role)
                await expect(cells).to_have_count(3)
                for number, side in enumerate(("start", "right", "center")):
                    await expect(cells.nth(number)).to_have_css(
                        "text-align", re.compile(f"^(-webkit-)?{side}$")
                    )
