"""People answer: what a visitor sees and does, from the wish for a person to the rating."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Locator, Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import eventually
from widgets.models import WidgetConfig, WidgetSession
from widgets.tests.browser.axe import violations_of
from widgets.tests.browser.colleague import Colleague, hire
from widgets.tests.browser.contrast import faint_texts
from widgets.tests.browser.conversation import expect_once, log, open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]
ANSWER = "We ship every working day."


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Acme", greeting="Hi, how can I help?")


async def colleague(server: ServerProcess, organization: Organization, name: str) -> Colleague:
    key, member = await in_database(hire, organization, name)
    return Colleague(server_url=server.url, key=key, member=member)


async def ask_for_a_person(page: Page) -> Locator:
    """Open the chat, get an answer of the agent, and press the button."""
    panel = await open_chat(page)
    await expect(panel.get_by_role("button", name="Talk to a person")).to_have_count(0)
    await say(panel, "Do you ship parcels?")
    await expect(log(panel)).to_contain_text(ANSWER)
    await panel.get_by_role("button", name="Talk to a person", exact=True).click()
    await expect_once(panel, "I have asked the team. Someone will answer you here.")
    return panel


async def stored() -> WidgetSession:
    return await in_database(WidgetSession.objects.get)


async def test_visitor_talks_to_a_person_and_rates_the_conversation(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, acme: Organization
) -> None:
    server = live_server_process()
    ana = await colleague(server, acme, "Ana Ruiz")
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await ask_for_a_person(page)
        await expect(panel.get_by_text("Waiting for the team")).to_have_count(2)
        await expect(panel.get_by_role("button", name="Talk to a person")).to_be_hidden()
        await expect(panel.get_by_role("button", name="Ask the assistant instead")).to_be_visible()
        await panel.get_by_role("textbox", name="Email").fill("jane@example.com")
        await panel.get_by_role("button", name="Save", exact=True).click()
        await expect(panel.get_by_text("If you leave, we will answer by email.")).to_be_visible()
        assert (await stored()).reply_email == "jane@example.com"

        await ana.reply("Hello, this is **Ana**.")
        await expect_once(panel, "Ana Ruiz joined the chat.")
        line = log(panel).get_by_role("article").last
        await expect(line).to_contain_text("Ana Ruiz: Hello, this is Ana.")
        await expect(line.locator(".initials")).to_have_text("AR")
        time = await line.get_attribute("data-time")
        await expect(line).to_have_accessible_name(f"Ana Ruiz, {time}")
        await expect(panel.locator(".names p")).to_have_text("Ana Ruiz")

        async def is_seen() -> None:
            session = await stored()
            assert session.seen_seq == session.last_seq

        await eventually(is_seen)
        await say(panel, "Where is order 7?")
        await expect_once(panel, "Where is order 7?")
        await expect(panel.get_by_text("Sending…")).to_have_count(0)
        for name in ("Stop", "Regenerate", "Try again"):
            await expect(panel.get_by_role("button", name=name)).to_have_count(0)
        await page.reload()
        panel = page.get_by_role("dialog")
        await expect_once(panel, "Where is order 7?")
        await expect(log(panel).get_by_text("Ana Ruiz", exact=True)).to_have_count(1)

        await ana.act("resolve")
        await panel.get_by_role("button", name="4 of 5").click()
        await panel.get_by_role("textbox", name="Tell us more").fill("Quick")
        await panel.get_by_role("button", name="Send feedback").click()
        await expect(panel.get_by_text("Thank you for your feedback.")).to_be_visible()
        session = await stored()
        assert (session.survey_score, session.survey_comment) == (4, "Quick")


async def test_reply_is_counted_on_the_next_page_without_a_click(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, acme: Organization
) -> None:
    server = live_server_process()
    ana = await colleague(server, acme, "Ana")
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        await ask_for_a_person(page)
        await page.get_by_role("button", name="Close chat").first.click()
        await page.goto("about:blank")
        async with page.expect_websocket():
            await page.goto(shop.origin)
        await ana.reply("It left this morning.")
        await expect(page.locator("loquent-widget .badge")).to_have_text("1")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        assert (await stored()).seen_seq == 0
        panel = await open_chat(page)
        await expect_once(panel, "It left this morning.")


async def test_visitor_returns_to_the_assistant(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await ask_for_a_person(page)
        await say(panel, "Do you ship parcels on Monday?")
        await panel.get_by_role("button", name="Ask the assistant instead").click()
        await expect_once(panel, "The assistant answers again.")
        await expect(log(panel).get_by_text(ANSWER)).to_have_count(2)
        await expect(panel.get_by_role("button", name="Talk to a person")).to_be_visible()
        await expect(log(panel).get_by_role("article").last).to_contain_text(ANSWER)


async def test_out_of_hours_the_visitor_reads_when_the_team_is_back(
    browser: Browser, live_server_process: StartServer, widget: WidgetConfig, acme: Organization
) -> None:
    opening = timezone.now() + timedelta(days=2)
    await in_database(open_only_on, acme, opening)
    server = live_server_process()
    context = await browser.new_context(locale="en-GB", timezone_id="America/New_York")
    page = await context.new_page()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "Do you ship parcels?")
        await expect(log(panel)).to_contain_text(ANSWER)
        await panel.get_by_role("button", name="Talk to a person").click()
        await expect(log(panel)).to_contain_text("The team is away right now")
        # 15:00 in UTC is in the morning there.
        hour = opening.replace(hour=15).astimezone(ZoneInfo("America/New_York")).hour
        await expect(panel.locator(".says")).to_contain_text(f"Back {opening:%A}")
        await expect(panel.locator(".says")).to_contain_text(f"{hour:02}:00")
        await expect(panel.get_by_role("textbox", name="Email")).to_be_visible()
        await say(panel, "Do you ship parcels on Monday?")
        await expect(log(panel).get_by_text(ANSWER)).to_have_count(2)
        await page.get_by_role("button", name="Close chat").first.click()
        await page.goto("about:blank")
        await in_database(open_always, acme)
        async with page.expect_websocket():
            await page.goto(shop.origin)
        panel = await open_chat(page)
        await panel.get_by_role("button", name="Talk to a person").click()
        await expect_once(panel, "I have asked the team. Someone will answer you here.")
    await context.close()


def open_always(organization: Organization) -> None:
    organization.business_hours = None
    organization.save()


def open_only_on(organization: Organization, day: datetime) -> None:
    organization.timezone = "UTC"
    organization.business_hours = {f"{day:%a}".lower(): [["15:00", "16:00"]]}
    organization.save()


@pytest.mark.parametrize(
    ("scheme", "lang", "width"), [("light", "en", 1280), ("dark", "ar", 375), ("light", "de", 375)]
)
async def test_conversation_with_people_is_accessible(
    browser: Browser,
    live_server_process: StartServer,
    widget: WidgetConfig,
    acme: Organization,
    scheme: str,
    lang: str,
    width: int,
) -> None:
    server = live_server_process()
    ana = await colleague(server, acme, "Ana Ruiz")
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 720},
        locale=lang,
    )
    page = await context.new_page()
    html = page_with(server.url, widget.widget_id).replace('lang="en"', f'lang="{lang}"')
    shots = os.environ.get("SHOTS")
    with Shop(
        html.replace("<body>", '<body><meta name="color-scheme" content="light dark">')
    ) as shop:
        await page.goto(shop.origin)
        await page.locator("loquent-widget .launcher").click()
        panel = page.get_by_role("dialog")
        await panel.locator(".composer textarea").fill("Do you ship parcels?")
        await panel.locator(".send").click()

        async def look(name: str) -> None:
            await page.wait_for_function(
                "document.querySelector('loquent-widget').shadowRoot.getAnimations().length === 0"
            )
            if shots:
                await page.screenshot(path=str(Path(shots) / f"{name}-{lang}-{scheme}-{width}.png"))
            assert await violations_of(page, "loquent-widget") == []
            assert await faint_texts(page) == []
            sizes = await panel.evaluate("(node) => [node.scrollWidth, node.clientWidth]")
            assert sizes[0] <= sizes[1]

        ask = panel.locator(".desk button:visible")
        await expect(ask).to_have_count(1)
        await look("agent")
        await ask.click()
        await expect(panel.locator(".scroller > .card")).to_be_visible()
        await look("team")
        await ana.reply("Hello! Your parcel left this morning.\nIt is number 7.")
        await expect(panel.locator(".line.staff")).to_be_visible()
        await panel.locator(".composer textarea").fill("Thank you!")
        await panel.locator(".send").click()
        await look("person")
        await ana.act("resolve")
        await panel.locator(".scores button").nth(3).click()
        await look("resolved")
    await context.close()
