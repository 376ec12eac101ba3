"""The tools of an MCP server, chosen on an action's page."""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from playwright.async_api import Page, expect

from loquent.agents.agent_action import AgentAction
from loquent.agents.services.actions import save_action
from loquent.agents.tests.mcp_server import LOCAL, SCHEMA, TOOLS, McpServer
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.process_fixtures import StartServer
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def action(transactional_db: None, acme: Organization, alice: User) -> AgentAction:
    known_to_the_server(alice)
    data = {"name": "shop", "title": "Shop", "kind": "mcp", "url": "http://127.0.0.1:9999/mcp"}
    with override_settings(ACTIONS_ALLOWED_NETWORKS=LOCAL.networks, ACTIONS_ALLOW_HTTP=True):
        return save_action(AgentAction(agent=make_agent(acme)), data)


async def test_tool_is_chosen_on_the_page_of_an_action(
    page: Page, live_server_process: StartServer, action: AgentAction
) -> None:
    long = {"name": "a" * 60, "description": "Long words. " * 80, "inputSchema": SCHEMA}
    with McpServer(tools=[*TOOLS, long, {"name": "sort.items"}]).running() as tools:
        rows = AgentAction.objects.filter(pk=action.pk)
        await in_database(lambda: rows.update(url=tools.url))
        server = live_server_process(ACTIONS_ALLOWED_NETWORKS="127.0.0.0/8", ACTIONS_ALLOW_HTTP="1")
        await sign_in(page, server.url)
        await page.goto(f"{server.url}/admin/agents/agentaction/{action.pk}/change/")
        choose = page.get_by_role("button", name="Choose one of the server's tools")
        await expect(choose).to_be_visible()
        assert await findings(page) == []
        await choose.click()
        await expect(page.get_by_role("heading", name="4 tools of this server")).to_be_visible()
        shots = os.environ.get("SHOTS")
        for width in (1280, 375):
            await page.set_viewport_size({"width": width, "height": 900})
            if shots:
                await page.screenshot(path=str(Path(shots) / f"tools-{width}.png"), full_page=True)
            assert await findings(page) == []
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not await page.evaluate(wide)
        await page.get_by_role("button", name="Use this tool: cancel_order").click()
        await expect(page.get_by_text("The action calls cancel_order now.")).to_be_visible()
        if shots:
            await page.set_viewport_size({"width": 1280, "height": 900})
            await page.screenshot(path=str(Path(shots) / "tools-after.png"))
    found = await in_database(rows.get)
    assert (found.name, found.risk, found.parameters[0]["name"]) == (
        "cancel_order",
        "write",
        "order_number",
    )
