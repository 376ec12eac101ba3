"""A member of staff watches a visitor in a browser, while the server comes and goes."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from loquent.agents.models import TextAgent
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.history import append_message
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in
from widgets.tests.faults.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.server]
EVIL = "<img src=x onerror=alert(1)> **bold** [x](javascript:alert(1))"


@pytest.fixture
def widget(transactional_db: None, acme: Organization, alice: User) -> WidgetConfig:
    known_to_the_server(alice)
    return make_widget(acme, agent=make_agent(acme))


async def test_transcript_is_live_and_reconnects_after_a_restart(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    visitor = Visitor(server.socket_url, widget.widget_id)
    await visitor.connect()
    session = await in_database(WidgetSession.objects.get)
    await page.goto(f"{server.url}/admin/widgets/widgetsession/{session.id}/change/")
    status, log = page.locator(".lq-status"), page.get_by_role("log")
    await expect(status).to_have_text("Live")
    await visitor.say("Do you ship parcels?")
    await expect(log.get_by_text("Do you ship parcels?")).to_be_visible()
    await expect(log.get_by_text("We ship every working day.")).to_be_visible()
    await expect(log.get_by_text("builtin:knowledge")).to_be_visible()
    await expect(page.locator(".lq-growing")).to_be_hidden()
    server.kill()
    await expect(status).to_have_text("Reconnecting…")
    await in_database(say_while_away, session)
    server.start_again()
    server.wait_until_ready()
    await expect(status).to_have_text("Live")
    await expect(log.get_by_text("Written meanwhile")).to_have_count(1)
    await expect(log.locator("li[data-seq]")).to_have_count(4)


def say_while_away(session: WidgetSession) -> None:
    session.refresh_from_db()
    append_message(session, role="user", content="Written meanwhile")
    append_message(session, role="assistant", content=EVIL)


async def test_model_text_is_never_rendered_as_markup(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    visitor = Visitor(server.socket_url, widget.widget_id)
    await visitor.connect()
    session = await in_database(WidgetSession.objects.get)
    await in_database(say_while_away, session)
    await page.goto(f"{server.url}/admin/widgets/widgetsession/{session.id}/change/")
    answer = page.locator(".lq-answer .lq-bubble").first
    await expect(answer.locator("strong")).to_have_text("bold")
    await expect(answer).to_contain_text("<img src=x onerror=alert(1)>")
    assert await answer.locator("img, a, script").count() == 0
    assert await findings(page) == []


async def test_answer_of_another_process_streams(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    assert settings.REDIS_URL, "Processes talk through Redis: run this by `make test`."
    async with ScriptedEndpoint() as endpoint:
        await in_database(ask_an_endpoint, widget)
        here, there = (
            live_server_process(OPENAI_BASE_URL=endpoint.base_url, RATE_LIMITS="off")
            for _ in range(2)
        )
        await sign_in(page, there.url)
        visitor = Visitor(here.socket_url, widget.widget_id)
        await visitor.connect()
        session = await in_database(WidgetSession.objects.get)
        await page.goto(f"{there.url}/admin/widgets/widgetsession/{session.id}/change/")
        await expect(page.locator(".lq-status")).to_have_text("Live")
        await visitor.say("Hello?")
        # The model says one word, and then nothing more.
        await expect(page.locator(".lq-growing .lq-bubble")).not_to_be_empty()
        inbox = await page.context.new_page()
        await inbox.goto(f"{there.url}/admin/inbox/?tab=ai&c={session.id}")
        await expect(inbox.locator(".lq-growing .lq-bubble")).not_to_be_empty()
        await visitor.send({"type": "stop"})
        for each in (page, inbox):
            await expect(each.locator(".lq-growing")).to_be_hidden()
        await expect(inbox.get_by_text("Stopped by the visitor")).to_be_visible()
        await expect(page.get_by_role("log").get_by_text("Stopped by the visitor")).to_be_visible()


def ask_an_endpoint(widget: WidgetConfig) -> None:
    TextAgent.objects.filter(id=widget.text_agent_id).update(model="openai-chat:hang")
