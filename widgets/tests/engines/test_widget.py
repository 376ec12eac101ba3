"""The widget's main journeys, in Chromium, Firefox and WebKit."""

import asyncio

import pytest

from contacts.models import Contact
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.engines import Screen, Visit
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.engines.chat import complaints_of, open_chat, say, see_message, shop_with

pytestmark = [pytest.mark.browser, pytest.mark.server]
MARKDOWN = (
    "# Sizes\n\nSize **38** fits, see [the guide](https://shop.example.com/sizes):\n\n"
    "| EU | UK |\n|---|---:|\n| 38 | 5 |\n\n1. Measure\n2. Order\n\n> Or ask.\n\n"
    "```py\nprint(1)\n```\n\n<img src=x onerror=alert(1)>"
)


async def test_answer_streams_and_survives_reload_under_strict_policy(
    screen: Screen,
    live_server_process: StartServer,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
) -> None:
    gate = asyncio.Event()
    endpoint.push(tokens("The first half, ", "and the second.", gate=gate))
    server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
    with shop_with(server.url, widget.widget_id) as shop:
        await open_chat(screen, shop)
        await say(screen, "Tell me")
        await screen.see("text", "The first half,", within="dialog", contains=True)
        await screen.see("button", "Stop answering")
        assert await complaints_of(screen) == []

        await screen.tab.reload()
        # The panel opens by itself.
        await screen.see("dialog", "Acme")
        await see_message(screen, "Tell me")
        await screen.see("text", "The first half,", within="dialog", contains=True)
        gate.set()
        await see_message(screen, "The first half, and the second.")
        await screen.see("button", "Good answer")
        await screen.see_none("button", "Stop answering")
        assert await complaints_of(screen) == []
    assert len(endpoint.requests) == 1


async def test_markdown_is_rendered_without_running_html(
    screen: Screen,
    live_server_process: StartServer,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
) -> None:
    endpoint.push(tokens(*MARKDOWN.splitlines(keepends=True)))
    server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
    with shop_with(server.url, widget.widget_id) as shop:
        await open_chat(screen, shop)
        await say(screen, "Which size?")
        await screen.see("button", "Good answer")
        await screen.see("text", "Sizes", within="log")
        await screen.see("text", "Size 38 fits, see the guide:", within="log")
        link = await screen.see("link", "the guide", within="log")
        assert link.attributes["href"] == "https://shop.example.com/sizes"
        assert link.attributes["target"] == "_blank"
        assert "noopener" in link.attributes["rel"]
        table = await screen.see("table", within="log")
        assert table.text == "EU UK 38 5"
        steps = await screen.see("list", within="log", where=lambda found: found.tag == "ol")
        assert steps.text == "Measure Order"
        await screen.see("text", "print(1)", within="log")
        await screen.see("text", "<img src=x onerror=alert(1)>", within="log")
        assert await complaints_of(screen) == []


async def test_conversation_by_keyboard_alone(
    screen: Screen,
    live_server_process: StartServer,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
) -> None:
    endpoint.push(tokens("Size 38 fits."))
    server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
    with shop_with(server.url, widget.widget_id) as shop:
        await screen.tab.goto(shop.origin)
        await screen.see("button", "Open chat")
        await screen.press("Tab")
        await screen.see_focus("Open chat")
        await screen.press("Enter")
        await screen.see_focus("Message")
        await screen.type("Which")
        await screen.press("Shift+Enter")
        await screen.type("size?")
        await screen.press("Enter")
        await see_message(screen, "Which size?")
        await see_message(screen, "Size 38 fits.")
        await screen.see("button", "Good answer")
        await screen.see_focus("Message")
        # Backwards from the field to the buttons below the answer.
        await screen.move_focus("Shift+Tab", "Good answer")
        await screen.press("Space")
        await screen.see(
            "button", "Good answer", where=lambda found: found.attributes["aria-pressed"] == "true"
        )
        await screen.press("Escape")
        await screen.see_none("dialog")
        await screen.see_focus("Open chat")
        assert await complaints_of(screen) == []


async def test_required_details_come_before_the_first_message(
    screen: Screen, live_server_process: StartServer, transactional_db: None, acme: Organization
) -> None:
    widget = await in_database(
        make_widget,
        acme,
        name="Acme",
        contact_info_mode="required",
        collect_name=True,
        collect_email=True,
        collect_phone=True,
    )
    server = live_server_process()
    with shop_with(server.url, widget.widget_id) as shop:
        await open_chat(screen, shop)
        await screen.fill("textbox", "Name", "Jané")
        await screen.fill("textbox", "Phone", "+41 44 668 18 00")
        await screen.fill("textbox", "Email", "jane@b_d.example")
        await screen.click("button", "Start chat")
        # The server's own message, and what was typed is still there.
        await screen.see("text", "Email: The part of the email after the @", contains=True)
        await screen.see("textbox", "Name", where=lambda field: field.value == "Jané")
        await screen.fill("textbox", "Email", "jane@example.com")
        await screen.press("Enter")
        await say(screen, "When do you ship?")
        await screen.see("log", text="We ship every working day.")
        assert await complaints_of(screen) == []
    contact = await in_database(Contact.objects.get)
    details = (contact.name, contact.email, contact.phone)
    assert details == ("Jané", "jane@example.com", "+41446681800")


async def test_two_tabs_show_one_conversation(
    visit: Visit,
    screen: Screen,
    live_server_process: StartServer,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
) -> None:
    endpoint.push(tokens("On Monday."), tokens("Within 30 days."))
    server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
    with shop_with(server.url, widget.widget_id) as shop:
        await open_chat(screen, shop)
        other = Screen(await visit.new_tab())
        await open_chat(other, shop)
        await say(other, "When do you ship?")
        for each in (other, screen):
            await see_message(each, "When do you ship?")
            await see_message(each, "On Monday.")
        await say(screen, "And returns?")
        for each in (screen, other):
            await see_message(each, "And returns?")
            await see_message(each, "Within 30 days.")
        await other.click("button", "Close chat")
        for each in (other, screen):
            await each.see_none("dialog")
            assert await complaints_of(each) == []


async def test_message_typed_while_the_server_is_away_arrives_once(
    screen: Screen,
    live_server_process: StartServer,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
) -> None:
    server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
    with shop_with(server.url, widget.widget_id) as shop:
        await open_chat(screen, shop)
        await say(screen, "One")
        await see_message(screen, "Hello there.")
        await asyncio.to_thread(server.kill)
        await screen.see("text", "Reconnecting…")
        await say(screen, "Two")
        await screen.see("text", "Waiting…")
        server.start_again()
        await asyncio.to_thread(server.wait_until_ready)
        # A person who comes back online does not wait for the next attempt.
        await screen.tab.evaluate("() => { dispatchEvent(new Event('online')); }")
        await screen.see("text", "Hello there.", within="log", count=2)
        await see_message(screen, "Two")
        await screen.see_none("text", "Reconnecting…")
        assert await complaints_of(screen) == []
    asked = [request.body["messages"][-1]["content"] for request in endpoint.requests]
    assert asked == ["One", "Two"]


async def test_arabic_page_is_laid_out_from_right_to_left(
    screen: Screen,
    live_server_process: StartServer,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
) -> None:
    endpoint.push(tokens("غدًا، إن شاء الله."))
    server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
    with shop_with(server.url, widget.widget_id, language="ar") as shop:
        await screen.tab.goto(shop.origin)
        await screen.click("button")
        # A chat whose strings arrive late starts in English.
        await screen.see("dialog", where=lambda found: found.direction == "rtl")
        send = await screen.see("button", "إرسال الرسالة")
        field = await screen.see("textbox", "الرسالة", where=lambda found: found.direction == "rtl")
        assert send.middle[0] < field.middle[0]
        await screen.fill("textbox", "الرسالة", "Where is my order?")
        await screen.see("textbox", "الرسالة", where=lambda found: found.direction == "ltr")
        await screen.fill("textbox", "الرسالة", "أين طلبي؟")
        await screen.see("textbox", "الرسالة", where=lambda found: found.direction == "rtl")
        await screen.press("Enter")
        question = await screen.see("text", "أين طلبي؟", within="log")
        answer = await screen.see("text", "غدًا، إن شاء الله.", within="log")
        assert question.direction == answer.direction == "rtl"
        # The visitor's own messages are at the end of the line, which is on the left.
        assert question.box[0] < answer.box[0]
        assert await complaints_of(screen) == []


async def test_chat_opens_on_a_page_that_frames_fixed_elements(
    screen: Screen, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with shop_with(server.url, widget.widget_id) as shop:
        await screen.tab.goto(shop.origin)
        await screen.see("button", "Open chat")
        await screen.tab.evaluate(
            "() => { document.documentElement.style.transform = 'translateX(40px)'; }"
        )
        await screen.click("button", "Open chat")
        await screen.see("dialog", "Acme")
        # What can be clicked on is in the window.
        await screen.fill("textbox", "Message", "Hello")
        assert await complaints_of(screen) == []
