"""Members answer visitors in the inbox: at the same time, offline, and with saved replies."""

import asyncio
import json
from collections.abc import Callable

import pytest
from playwright.async_api import Response, Route, expect

from loquent.db.threads import in_database
from loquent.organizations.models import Membership, Organization
from loquent.testing.process import ServerProcess
from loquent.testing.waiting import eventually
from widgets.models import ConversationNote, Draft, SavedReply, WidgetMessage, WidgetSession
from widgets.tests.browser.inbox.page import OpenInbox, box, button, drafts, log, rows
from widgets.tests.browser.staff import findings, reload_slowly
from widgets.tests.faults.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.server]


async def test_two_members_claim_a_waiting_visitor(visitor: Visitor, open_inbox: OpenInbox) -> None:
    ana, ben = await open_inbox("ana"), await open_inbox("ben")
    # The response to ana's list is older than the change she hears of before it arrives.
    is_read, may_show = asyncio.Event(), asyncio.Event()

    async def read_early(route: Route) -> None:
        response = await route.fetch()
        is_read.set()
        await may_show.wait()
        await route.fulfill(response=response)

    await ana.get_by_role("tab", name="AI", exact=True).click()
    await expect(rows(ana)).to_have_count(1)
    await ana.route("**/rows/?tab=waiting&most=*", read_early)
    await ana.get_by_role("tab", name="Waiting", exact=True).click()
    await is_read.wait()
    await expect(rows(ben)).to_have_count(0)
    await visitor.send({"type": "ask_person"})
    await expect(rows(ben)).to_have_count(1)
    async with ana.expect_response("**/rows/?tab=waiting&most=*"):
        may_show.set()
    for page in (ana, ben):
        await expect(page.get_by_role("tab", name="Waiting 1")).to_be_visible()
        await rows(page).get_by_role("link").click()
        await expect(log(page).get_by_text("Do you ship parcels?")).to_be_visible()
    # Neither request arrives before both have clicked.
    both = asyncio.Barrier(2)

    async def claim(route: Route) -> None:
        await both.wait()
        await route.continue_()

    for page in (ana, ben):
        await page.route("**/take-over/", claim)
        await button(page, "Take over").click()
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

    async def is_seen_writing() -> None:
        # Who stops for five seconds is no longer writing.
        await box(winner).press("l")
        words = f"{name} is writing"
        await expect(loser.locator(".lq-thread-people")).to_have_text(words, timeout=5_000)
        await expect(rows(loser).get_by_text(words)).to_be_visible(timeout=5_000)

    await eventually(is_seen_writing)
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
    # A button is clicked although its surroundings change while it is pressed.
    is_read.clear()
    may_show.clear()
    other = Membership.objects.filter(user__username__startswith="ben" if name == "ana" else "ana")
    await in_database(other.update, is_away=True)
    await winner.route("**/admin/inbox/*-*/?after=*", read_early)
    await visitor.say("Thank you!")
    await is_read.wait()
    await button(winner, "Resolve").hover()
    await winner.mouse.down()
    async with winner.expect_response("**/admin/inbox/*-*/?after=*"):
        may_show.set()
    await winner.mouse.up()
    await expect(log(winner).get_by_text("Thank you!")).to_be_visible()
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
    async with ana.expect_response(saves("It left our")):
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
    async with ana.expect_response(saves("It left our warehouse.")):
        await button(ana, "Edit").click()
    await expect(box(ana)).to_have_value("It left our warehouse.")
    # Offline again, over a reload of the page: sent once when the connection is back.
    await ana.context.set_offline(True)
    await button(ana, "Send").click()
    await expect(log(ana).get_by_text("Not sent yet")).to_be_visible()
    # The server still has the draft of a reply that was sent: it must not return to the box.
    may_reply = asyncio.Event()

    async def open_with_draft(route: Route) -> None:
        await in_database(keep_draft, "It left our warehouse.")
        await route.continue_()

    async def reply(route: Route) -> None:
        await may_reply.wait()
        await route.continue_()

    await ana.route("**/draft/", lambda route: route.abort())
    await ana.route("**/admin/inbox/*-*/", open_with_draft)
    await ana.route("**/reply/", reply)
    await ana.context.set_offline(False)
    await ana.reload()
    await expect(box(ana)).to_be_visible()
    await expect(box(ana)).to_have_value("")
    may_reply.set()
    await expect(log(ana).get_by_text("It left our warehouse.")).to_have_count(1)
    await expect(ana.locator(".lq-pending")).to_have_count(0)
    assert await in_database(written_by_staff) == ["It is on its way.", "It left our warehouse."]
    assert await in_database(drafts) == []


def saves(content: str) -> Callable[[Response], bool]:
    """Whether it answers this draft: the page also saves what is typed before, and ""."""
    body = json.dumps({"content": content}, separators=(",", ":"))
    return lambda response: response.request.post_data == body


def keep_draft(content: str) -> None:
    ana = Membership.objects.get(user__username__startswith="ana")
    Draft.objects.update_or_create(
        session=WidgetSession.objects.get(), member=ana, defaults={"content": content}
    )


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
