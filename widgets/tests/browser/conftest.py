"""A browser, and what it visits."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from loquent.organizations.models import Organization
from loquent.testing.people import PASSWORD, make_agent, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.services.demo import create_demo
from widgets.tests.browser.chromium import start_chromium


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    """A widget whose answers come from a `ScriptedEndpoint`."""
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


@pytest.fixture
def demo_site(live_server_process: StartServer) -> ServerProcess:
    """A server with the demo, its page at `/demo/`."""
    server = live_server_process()
    create_demo(owner_password=PASSWORD, site_url=server.url)
    return server


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium. Mark the test `browser`."""
    async with start_chromium() as chromium:
        yield chromium


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page whose uncaught errors fail the test."""
    context = await browser.new_context(locale="en-US")
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert errors == []
