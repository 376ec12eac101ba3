"""The inbox by keys alone, and on a phone."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Membership
from widgets.tests.browser.inbox.page import OpenInbox, box, button, drafts, log, rows
from widgets.tests.browser.staff import findings
from widgets.tests.faults.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.server]


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
    await ana.route("**/admin/inbox/*-*/", lambda route: route.abort(), times=1)
    await keys.press("j")
    await keys.press("Enter")
    await expect(ana.get_by_text("No connection to the server.")).to_be_visible()
    # Something happens: it is tried again.
    await visitor.say("Hello?")
    await expect(log(ana).get_by_text("Hello?")).to_be_visible()
    await keys.press("Enter")
    await expect(ana.get_by_role("heading", name="Visitor", level=2).first).to_be_focused()
    await keys.press("t")
    await expect(ana.get_by_text("You have this conversation", exact=True)).to_be_visible()
    await keys.press("r")
    await expect(box(ana)).to_be_focused()
    # The reply is sent after the draft that is on its way, or that would be in the box again.
    may_write = asyncio.Event()

    async def draft(route: Route) -> None:
        await may_write.wait()
        await route.continue_()

    await ana.route("**/draft/", draft)
    async with ana.expect_request("**/draft/"):
        await keys.type("e z ? are only text here")
    await keys.press("Control+Enter")
    await expect(log(ana).get_by_text("Sending…")).to_be_visible()
    may_write.set()
    await expect(ana.locator(".lq-pending")).to_have_count(0)
    await expect(log(ana).get_by_text("e z ? are only text here")).to_be_visible()
    assert await in_database(drafts) == []
    await expect(ana).to_have_title("Inbox · Loquent")
    await keys.press("Escape")
    await expect(box(ana)).not_to_be_focused()
    await keys.press("z")
    await expect(ana.get_by_role("button", name="In an hour")).to_be_focused()
    # An update of the page does not close the menu.
    await in_database(
        Membership.objects.filter(user__username__startswith="ben").update, is_away=True
    )
    await visitor.say("Thank you!")
    await expect(log(ana).get_by_text("Thank you!")).to_be_visible()
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
