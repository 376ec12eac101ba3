"""Members answer visitors in the inbox: at the same time, offline, and on a phone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Organization, Role
from loquent.testing.people import PASSWORD, make_agent, make_member, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from widgets.models import (
    ConversationNote,
    Draft,
    SavedReply,
    WidgetConfig,
    WidgetMessage,
    WidgetSession,
)
from widgets.tests.browser.staff import findings, known_to_the_server, reload_slowly
from widgets.tests.faults.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.server]
OpenInbox = Callable[..., Awaitable[Page]]


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


def rows(page: Page) -> Locator:
    return page.locator(".lq-inbox-rows > li")


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Reply to the visitor")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def test_two_members_claim_a_waiting_visitor(visitor: Visitor, open_inbox: OpenInbox) -> None:
    ana, ben = await open_inbox("ana"), await open_inbox("ben")
    await expect(rows(ana)).to_have_count(0)
    await visitor.send({"type": "ask_person"})
    for page in (ana, ben):
        await expect(page.get_by_role("tab", name="Waiting 1")).to_be_visible()
        await rows(page).get_by_role("link").click()
        await expect(log(page).get_by_text("Do you ship parcels?")).to_be_visible()
    await asyncio.gather(*(button(page, "Take over").click() for page in (ana, ben)))
    for page in (ana, ben):
        await expect(button(page, "Take over")).to_have_count(0)
    session = await in_database(
        lambda: WidgetSession.objects.select_related("assignee__user").get()
    )
    assert session.assignee is not None
    name = session.assignee.public_name
    winner, loser = (ana, ben) if name == "ana" else (ben, ana)
    await expect(winner.get_by_text("You have this conversation", exact=True)).to_be_visible()
    await expect(loser.get_by_role("alert").first).to_contain_text(f"{name} has this conversation")
    await expect(button(loser, f"Take from {name}")).to_be_visible()
    await expect(button(loser, "Send")).to_be_disabled()
    # Each sees the other; who is idle or has left is not shown as present.
    await expect(winner.locator(".lq-thread-people")).to_have_text(
        f"{'ben' if name == 'ana' else 'ana'} is here"
    )
    await box(winner).press_sequentially("Hel")
    await expect(loser.locator(".lq-thread-people")).to_have_text(f"{name} is writing")
    await expect(rows(loser).get_by_text(f"{name} is writing")).to_be_visible()
    frames = await visitor.until("staff_typing")
    assert (frames[-1]["name"], frames[-1]["on"]) == (name, True)
    # The visitor hears the winner; each page shows what the other side writes.
    await box(winner).fill("Hello, I am looking into it.")
    await winner.keyboard.press("Control+Enter")
    frames = await visitor.until("message")
    while frames[-1]["role"] != "staff":
        frames = await visitor.until("message")
    assert frames[-1]["content"] == "Hello, I am looking into it."
    for page in (ana, ben):
        await expect(log(page).get_by_text("I am looking into it.")).to_have_count(1)
        await expect(page.get_by_role("tab", name="Waiting 1")).to_have_count(0)
    await visitor.send({"type": "seen", "seq": frames[-1]["seq"]})
    await expect(log(winner).locator(".lq-person").get_by_text("Seen")).to_be_visible()
    await visitor.say("Thank you!")
    await expect(log(winner).get_by_text("Thank you!")).to_be_visible()
    await button(winner, "Resolve").click()
    await expect(winner.get_by_text("Done", exact=True).last).to_be_visible()
    await expect(button(loser, "Reopen")).to_be_visible()
    assert await findings(ana) == []


async def test_what_is_typed_is_never_lost_nor_sent_twice(
    visitor: Visitor, open_inbox: OpenInbox, server: ServerProcess
) -> None:
    await visitor.send({"type": "ask_person"})
    ana, ben = await open_inbox("ana"), await open_inbox("ben")
    ana.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    for page in (ana, ben):
        await rows(page).get_by_role("link").click()
        await expect(box(page)).to_be_visible()
    # A draft is on the server half a second later, and there again after a reload.
    async with ana.expect_response(lambda response: response.url.endswith("/draft/")):
        await box(ana).press_sequentially("It left our")
    await reload_slowly(ana, box(ana))
    await expect(box(ana)).to_have_value("It left our")
    # Offline, a colleague answers in between: the message is held back.
    await ana.context.set_offline(True)
    await box(ana).press_sequentially(" warehouse.")
    await button(ana, "Send").click()
    await expect(log(ana).get_by_text("Not sent yet")).to_be_visible()
    await box(ben).fill("It is on its way.")
    await button(ben, "Send").click()
    await expect(button(ben, "Release")).to_be_visible()
    await button(ben, "Release").click()
    await expect(button(ben, "Take over")).to_be_visible()
    await ana.context.set_offline(False)
    await expect(log(ana).get_by_text("ben has answered in the meantime")).to_be_visible()
    await expect(log(ana).get_by_text("It is on its way.")).to_be_visible()
    await button(ana, "Edit").click()
    await expect(box(ana)).to_have_value("It left our warehouse.")
    # Offline again, over a reload of the page: sent once when the connection is back.
    await ana.context.set_offline(True)
    await button(ana, "Send").click()
    await expect(log(ana).get_by_text("Not sent yet")).to_be_visible()
    await ana.context.set_offline(False)
    await ana.reload()
    await expect(log(ana).get_by_text("It left our warehouse.")).to_have_count(1)
    await expect(ana.locator(".lq-pending")).to_have_count(0)
    assert await in_database(written_by_staff) == ["It is on its way.", "It left our warehouse."]
    assert await in_database(drafts) == []


def drafts() -> list[str]:
    return list(Draft.objects.values_list("content", flat=True))


def written_by_staff() -> list[str]:
    rows = WidgetMessage.objects.filter(role="staff").order_by("seq")
    return list(rows.values_list("content", flat=True))


async def test_notes_and_saved_replies(
    visitor: Visitor, open_inbox: OpenInbox, acme: Organization
) -> None:
    await in_database(
        lambda: SavedReply.objects.create(organization=acme, name="Bye", content="Good bye!")
    )
    ana = await open_inbox("ana")
    await ana.get_by_role("tab", name="AI", exact=True).click()
    await rows(ana).get_by_role("link").click()
    # Operators write replies of their own; shared ones are the admins'.
    await button(ana, "Saved replies…").click()
    await ana.get_by_label("Name").fill("Returns")
    await ana.get_by_label("Text", exact=True).fill("Hello {visitor|there}, send it back.")
    await button(ana, "Add").click()
    await expect(button(ana, "Edit Returns")).to_be_visible()
    await expect(ana.get_by_text("Good bye!")).to_be_visible()
    await expect(button(ana, "Delete Bye")).to_have_count(0)
    assert await findings(ana) == []
    await button(ana, "Close").click()
    await box(ana).press_sequentially("Hi /ret")
    await expect(ana.get_by_role("option")).to_have_count(1)
    await ana.keyboard.press("Enter")
    await expect(box(ana)).to_have_value("Hi Hello there, send it back.")
    await button(ana, "Note").click()
    await ana.get_by_role("textbox", name="Note for the team").fill("Careful.")
    await button(ana, "Add note").click()
    await expect(log(ana).locator(".lq-team-note").get_by_text("Careful.")).to_be_visible()
    await expect(ana.locator(".lq-pending")).to_have_count(0)
    assert await in_database(ConversationNote.objects.count) == 1
    # A note that is begun survives a reload; only replies have drafts on the server.
    await ana.get_by_role("textbox", name="Note for the team").fill("Call them")
    await ana.reload()
    await button(ana, "Note").click()
    await expect(ana.get_by_role("textbox", name="Note for the team")).to_have_value("Call them")
    # The conversation is still the agent's, and what was begun is still in its box.
    assert (await in_database(WidgetSession.objects.get)).handler == "agent"
    await button(ana, "Reply").click()
    await expect(box(ana)).to_have_value("Hi Hello there, send it back.")


async def test_inbox_on_a_phone(visitor: Visitor, open_inbox: OpenInbox) -> None:
    await visitor.send({"type": "ask_person"})
    ana = await open_inbox(
        "ana", viewport={"width": 375, "height": 740}, color_scheme="dark", has_touch=True
    )
    await rows(ana).get_by_role("link").tap()
    await expect(box(ana)).to_be_in_viewport(ratio=1)
    await expect(rows(ana).first).to_be_hidden()
    await button(ana, "Visitor details").tap()
    await expect(ana.get_by_role("heading", name="Timeline")).to_be_visible()
    assert await findings(ana) == []
    await button(ana, "Back to the conversation").tap()
    await button(ana, "Take over").tap()
    await expect(ana.get_by_text("You have this conversation", exact=True)).to_be_visible()
    assert await ana.evaluate("document.documentElement.scrollWidth") == 375
    assert await findings(ana) == []
    await button(ana, "Back to the list").tap()
    await expect(rows(ana).first).to_be_visible()
    await ana.go_back()
    await expect(box(ana)).to_be_visible()


async def test_inbox_works_by_keys_alone(visitor: Visitor, open_inbox: OpenInbox) -> None:
    await visitor.send({"type": "ask_person"})
    ana = await open_inbox("ana")
    await expect(ana).to_have_title("(1) Inbox · Loquent")
    keys = ana.keyboard
    await keys.press("j")
    await keys.press("Enter")
    await expect(ana.get_by_role("heading", name="Visitor", level=2).first).to_be_focused()
    await keys.press("t")
    await expect(ana.get_by_text("You have this conversation", exact=True)).to_be_visible()
    await keys.press("r")
    await keys.type("e z ? are only text here")
    await keys.press("Control+Enter")
    await expect(log(ana).get_by_text("e z ? are only text here")).to_be_visible()
    await expect(ana).to_have_title("Inbox · Loquent")
    await keys.press("Escape")
    await keys.press("z")
    await expect(ana.get_by_role("button", name="In an hour")).to_be_focused()
    await keys.press("Escape")
    await keys.press("?")
    await ana.get_by_label("Use single keys").uncheck()
    await keys.press("Escape")
    await keys.press("n")
    await expect(button(ana, "Note")).to_have_attribute("aria-pressed", "false")
    # Away: new conversations are for the others.
    await button(ana, "You are online").click()
    await expect(button(ana, "You are away")).to_be_visible()
    # What says whether sound works: it does, since a key was pressed.
    await expect(button(ana, "Sound on")).to_have_attribute("aria-pressed", "true")
    await button(ana, "Sound on").click()
    await expect(button(ana, "Sound off")).to_have_attribute("aria-pressed", "false")
    await button(ana, "Resolve").click()
    await expect(rows(ana)).to_have_count(0)
