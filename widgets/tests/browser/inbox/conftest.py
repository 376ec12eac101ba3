"""Two members with a browser each, and a visitor."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from loquent.organizations.models import Organization, Role
from loquent.testing.people import PASSWORD, make_agent, make_member, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.inbox.page import OpenInbox
from widgets.tests.browser.staff import known_to_the_server
from widgets.tests.faults.visitor import Visitor


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    for name in ("ana", "ben"):
        known_to_the_server(make_member(acme, name, Role.OPERATOR))
    return make_widget(acme, agent=make_agent(acme))


@pytest.fixture
def server(widget: WidgetConfig, live_server_process: StartServer) -> ServerProcess:
    return live_server_process()


@pytest.fixture
async def visitor(server: ServerProcess, widget: WidgetConfig) -> AsyncIterator[Visitor]:
    """A visitor whom the agent has answered."""
    visitor = Visitor(server.socket_url, widget.widget_id)
    await visitor.connect()
    await visitor.say("Do you ship parcels?")
    await visitor.until("typing_stop")
    yield visitor
    await visitor.leave()


@pytest.fixture
async def open_inbox(browser: Browser, server: ServerProcess) -> AsyncIterator[OpenInbox]:
    """`page = await open_inbox("ana")`: a member's inbox in a browser of their own."""
    errors: list[str] = []

    async def open_page(name: str, **context: object) -> Page:
        page = await (await browser.new_context(locale="en-US", **context)).new_page()  # type: ignore[arg-type]
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"{server.url}/admin/login/?next=/admin/inbox/")
        await page.get_by_label("Email").fill(f"{name}@example.com")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.locator(".lq-status")).to_have_text("Live")
        return page

    yield open_page
    assert errors == []
