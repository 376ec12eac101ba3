"""A visitor's browser behind a real nginx with two processes, which are replaced one by one."""

import asyncio
from pathlib import Path

import pytest
from django.conf import settings
from playwright.async_api import Browser, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.ports import free_port
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import expect_once, open_chat, say
from widgets.tests.browser.shop import Shop, page_with
from widgets.tests.server.proxies import start_nginx

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    assert settings.REDIS_URL, "Processes talk through Redis: run this by `make test`."
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


async def test_rolling_upgrade_does_not_interrupt_the_chat(
    browser: Browser, live_server_process: StartServer, widget: WidgetConfig, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    port = free_port()
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("The first half, ", "and the second.", gate=gate), tokens("Here."))
        servers = [
            live_server_process(
                OPENAI_BASE_URL=endpoint.base_url,
                SITE_URL=f"https://127.0.0.1:{port}",
                TRUSTED_PROXY_COUNT="1",
                DEBUG="0",
            )
            for _ in range(2)
        ]
        proxy = start_nginx(tmp_path, servers, port=port)
        context = await browser.new_context(locale="en-US", ignore_https_errors=True)
        page = await context.new_page()
        try:
            with Shop(page_with(proxy.url, widget.widget_id)) as shop:
                await page.goto(shop.origin)
                panel = await open_chat(page)
                await say(panel, "Tell me")
                # It streams: the rest isn't even written.
                await expect(panel.get_by_text("The first half,")).to_be_visible()
                gate.set()
                await expect_once(panel, "The first half, and the second.")
                for server in servers:
                    await asyncio.to_thread(server.terminate)
                    server.start_again()
                    await asyncio.to_thread(server.wait_until_ready)
                await say(panel, "Are you there?")
                await expect(panel.get_by_text("Here.", exact=True)).to_be_visible()
                for text in ("Tell me", "The first half, and the second.", "Are you there?"):
                    await expect_once(panel, text)
        finally:
            await context.close()
            await asyncio.to_thread(proxy.end)
