"""The busiest pages of the admin, in Chromium, Firefox and WebKit."""

from contextlib import aclosing

import pytest
from django.contrib.auth.models import User

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.organizations.models import Organization
from loquent.testing.engines import Screen
from loquent.testing.people import PASSWORD, make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.staff import known_to_the_server
from widgets.tests.faults.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def widget(transactional_db: None, acme: Organization, alice: User) -> WidgetConfig:
    known_to_the_server(alice)
    return make_widget(acme, name="Shop", agent=make_agent(acme, name="Helper"))


async def log_in(screen: Screen, url: str) -> None:
    """Log in as alice, by keyboard."""
    await screen.tab.goto(f"{url}/admin/login/")
    await screen.see_focus("Email")
    await screen.type("alice@example.com")
    await screen.press("Tab")
    await screen.see_focus("Password")
    await screen.type(PASSWORD)
    await screen.press("Enter")
    await screen.see("heading", "Home")


async def test_staff_find_a_conversation_and_watch_it_live(
    screen: Screen, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    async with aclosing(Visitor(server.socket_url, widget.widget_id)) as visitor:
        await visitor.connect()
        await visitor.say("Do you ship parcels?")
        await log_in(screen, server.url)
        await screen.click("link", "Inbox")
        await screen.click("link", "All conversations")
        await screen.fill("textbox", "Search conversations", "parcels")
        await screen.press("Enter")
        await screen.see("text", "1 conversation")
        await screen.click("link", within=("row", "Visitor"))
        await screen.see("text", "Live", where=lambda found: found.tag == "p")
        await screen.see("text", "Do you ship parcels?", within="log")
        await visitor.say("And returns?")
        await screen.see("text", "And returns?", within="log")
        await screen.see("log", text="within 30 days")


async def test_playground_answers_with_what_the_form_says(
    screen: Screen,
    live_server_process: StartServer,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
) -> None:
    server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
    await log_in(screen, server.url)
    await screen.click("link", "Assistants")
    # The last script of the page has added it.
    await screen.see("combobox", "Answers come from")
    await screen.fill("textbox", "Message", "Can I return it?")
    await screen.press("Enter")
    await screen.see("log", text="You can return anything unused")
    await screen.see("link", "Returns", within="log")
    await screen.click("tab", "Advanced")
    await screen.fill("textbox", "Model", "openai-chat:hang")
    await screen.click("tab", "Answers")
    await screen.fill("textbox", "Instructions", "Be brief.")
    await screen.fill("textbox", "Message", "And now?")
    await screen.press("Enter")
    await screen.see("log", text="Half an")
    await screen.click("button", "Stop")
    await screen.see("log", text="Stopped.")
    [request] = endpoint.requests
    assert "Be brief." in str(request.body)
