"""The card of an action: what a visitor sees and presses before the agent acts."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from loquent.agents.agent_action import AgentAction
from loquent.agents.models import TextAgent
from loquent.agents.services.actions import save_action
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import stream_of
from loquent.agents.tests.mcp_server import LOCAL, McpServer
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.axe import violations_of
from widgets.tests.browser.contrast import faint_texts
from widgets.tests.browser.conversation import expect_once, log, open_chat, opened_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]
ASKED = "I can cancel this order. Please confirm."
AT = "2026-11-22T10:00:00.000000Z"
GONE = "This request is no longer valid. Please ask again."


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Acme", greeting="Hi, how can I help?")


class Wire:
    """The page's connection: the real server's, except that each message proposes an action."""

    def __init__(self) -> None:
        self.decisions: list[dict[str, Any]] = []
        self._seq = 0
        self._route: WebSocketRoute | None = None

    async def watch(self, page: Page) -> None:
        await page.route_web_socket("**/ws*", self._connected)

    def _connected(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        self._route = route

        def pass_on(data: str | bytes) -> None:
            frame = json.loads(data)
            if frame["type"] == "action":
                self.decisions.append(frame)
            elif frame["type"] == "message":
                self._take(frame)
            else:
                server.send(data)

        route.on_message(pass_on)

    def tell(self, **frame: Any) -> None:
        assert self._route is not None
        self._route.send(json.dumps(frame))

    def _take(self, frame: dict[str, Any]) -> None:
        seq = self._seq + 1
        self._seq += 2
        key = frame["client_message_id"]
        self.tell(type="ack", client_message_id=key, id=f"q{seq}", seq=seq, created_at=AT)
        self.tell(type="typing_start", message_id=f"m{seq + 1}")
        self.propose(seq + 1, "waiting")
        self.tell(type="typing_stop")

    def propose(self, seq: int, status: str) -> None:
        """Propose an action in a message, or tell its new state in the same message."""
        arguments = {"order_number": f"NT-{seq}", "amount": 12.5, "refund": True}
        action = {"id": f"a{seq}", "title": "Cancel order", "arguments": arguments}
        self.tell(
            type="message",
            role="assistant",
            content=ASKED,
            id=f"m{seq}",
            seq=seq,
            created_at=AT,
            status="complete",
            sources=[],
            action={**action, "status": status},
        )


async def test_visitor_confirms_and_declines_with_the_keyboard(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    wire = Wire()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await wire.watch(page)
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Cancel my order")
        cards = panel.get_by_role("group", name="Cancel order", exact=True)
        card = cards.first
        await expect(card.get_by_role("definition")).to_have_text(["NT-2", "12.5", "Yes"])
        confirm = card.get_by_role("button", name="Confirm", exact=True)
        await expect(confirm).to_be_in_viewport()
        await expect(confirm).to_have_accessible_description("Cancel order")
        await confirm.dblclick()
        await expect(card.get_by_role("status")).to_have_text("Sending…")
        await expect(confirm).to_be_focused()
        wire.propose(2, "confirmed")
        await expect(card.get_by_role("status")).to_have_text("Confirmed")
        await expect(card.get_by_role("button")).to_have_count(0)
        await expect(card).to_be_focused()
        await expect_once(panel, ASKED)
        # By keyboard, from the message box backwards: thumbs and copy, then the card.
        await say(panel, "And the other one")
        second = cards.nth(1)
        skip = second.get_by_role("button", name="Not now", exact=True)
        await expect(skip).to_be_visible()
        await panel.get_by_role("textbox", name="Message", exact=True).focus()
        for _ in range(8):
            await page.keyboard.press("Shift+Tab")
            if await skip.evaluate("each => each.getRootNode().activeElement === each"):
                break
        await expect(skip).to_be_focused()
        await page.keyboard.press("Space")
        await page.keyboard.press("Space")
        await expect(second.get_by_role("status")).to_have_text("Sending…")
        wire.tell(type="error", code="forbidden", message="No.")
        await expect(second.get_by_role("status")).to_have_text(GONE)
        await expect(second).to_be_focused()
        await expect(panel.get_by_text("No.", exact=True)).to_have_count(0)
        assert wire.decisions == [
            {"type": "action", "id": "a2", "confirm": True},
            {"type": "action", "id": "a4", "confirm": False},
        ]


@pytest.mark.parametrize(
    ("scheme", "lang", "width"), [("dark", "ar", 375), ("light", "de", 375), ("light", "en", 1280)]
)
async def test_card_is_readable_and_accessible(
    browser: Browser,
    live_server_process: StartServer,
    widget: WidgetConfig,
    scheme: str,
    lang: str,
    width: int,
) -> None:
    server = live_server_process()
    wire = Wire()
    html = page_with(server.url, widget.widget_id).replace('lang="en"', f'lang="{lang}"')
    meta = '<meta name="color-scheme" content="light dark">'
    context = await browser.new_context(
        viewport={"width": width, "height": 700},
        color_scheme="dark" if scheme == "dark" else "light",
        forced_colors="active" if lang == "en" else "none",
    )
    with Shop(html.replace("<body>", f"<body>{meta}")) as shop:
        page = await context.new_page()
        await wire.watch(page)
        await page.goto(shop.origin)
        await page.locator("loquent-widget .launcher").click()
        for text in ("Cancel my order", "And the other one"):
            await page.locator("loquent-widget .composer textarea").fill(text)
            await page.locator("loquent-widget .send").click()
            await expect(page.locator("loquent-widget .decide").last).to_be_visible()
            wire.propose(2, "confirmed")
        buttons = page.locator("loquent-widget .decide:visible button")
        await expect(buttons).to_have_count(2)
        boxes = [await each.bounding_box() for each in await buttons.all()]
        assert all(box is not None and box["height"] >= 40 for box in boxes)
        panel = page.locator("loquent-widget .scroller")
        assert await panel.evaluate("each => each.scrollWidth <= each.clientWidth")
        if shots := os.environ.get("SHOTS"):
            await page.screenshot(path=str(Path(shots) / f"action-{lang}-{scheme}-{width}.png"))
        assert await violations_of(page, "loquent-widget") == []
        if lang != "en":
            assert await faint_texts(page) == []
    await context.close()


def wish(number: str) -> Any:
    """A model's stream that calls the action."""
    function = {"name": "cancel_order", "arguments": json.dumps({"order_number": number})}
    delta = {"tool_calls": [{"index": 0, "id": "c", "function": function}]}
    return stream_of(
        {"choices": [{"index": 0, "delta": delta}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        "[DONE]",
    )


def add_mcp_action(agent: TextAgent, url: str) -> None:
    data = {
        "name": "cancel_order",
        "title": "Cancel order",
        "kind": "mcp",
        "risk": "write",
        "url": url,
        "parameters": [{"name": "order_number"}],
    }
    # The test's own process allows no such address, the server's does.
    with override_settings(ACTIONS_ALLOWED_NETWORKS=LOCAL.networks, ACTIONS_ALLOW_HTTP=True):
        save_action(AgentAction(agent=agent), data)


async def test_confirmed_action_calls_the_tool_once_and_both_tabs_tell_it(
    page: Page, live_server_process: StartServer, transactional_db: None, acme: Organization
) -> None:
    agent = await in_database(make_agent, acme, model="openai-chat:actions")
    widget = await in_database(make_widget, acme, agent=agent, greeting="")
    with McpServer().running() as tools:
        await in_database(add_mcp_action, agent, tools.url)
        async with ScriptedEndpoint() as endpoint:
            for number in ("NT-1", "NT-2"):
                endpoint.push(wish(number))
            server = live_server_process(
                OPENAI_BASE_URL=endpoint.base_url,
                ACTIONS_ALLOWED_NETWORKS="127.0.0.0/8",
                ACTIONS_ALLOW_HTTP="1",
            )
            with Shop(page_with(server.url, widget.widget_id)) as shop:
                await page.goto(shop.origin)
                panel = await open_chat(page)
                other = await page.context.new_page()
                await other.goto(shop.origin)
                panels = (panel, await open_chat(other))
                await say(panel, "Cancel NT-1")
                for each in panels:
                    card = each.get_by_role("group", name="Cancel order", exact=True)
                    await expect(card.get_by_role("definition")).to_have_text("NT-1")
                assert tools.calls() == []
                await panel.get_by_role("button", name="Confirm", exact=True).dblclick()
                for each in panels:
                    await expect(log(each)).to_contain_text("Done: Cancel order.")
                    await expect(log(each)).to_contain_text("shipped")
                    card = each.get_by_role("group", name="Cancel order", exact=True)
                    await expect(card.get_by_role("status")).to_have_text("Confirmed")
                    await expect(each.get_by_role("button", name="Confirm")).to_have_count(0)
                # Declined in the other tab, after a reload.
                await say(panel, "Cancel NT-2")
                await expect(panel.get_by_role("definition").last).to_have_text("NT-2")
                await other.reload()
                skip = (await opened_chat(other)).get_by_role("button", name="Not now", exact=True)
                await skip.click()
                card = panel.get_by_role("group", name="Cancel order", exact=True).last
                await expect(card.get_by_role("status")).to_have_text("Not carried out")
    assert [call["arguments"] for call in tools.calls()] == [{"order_number": "NT-1"}]
