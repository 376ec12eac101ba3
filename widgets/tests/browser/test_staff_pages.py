"""The admin in a browser: accessible, light and dark, on a phone, by keyboard, under its policy."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.async_api import ConsoleMessage, Page, ViewportSize, expect

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Invitation, Membership, Organization, Role
from loquent.organizations.services.invitations import invite, renew_invitation
from loquent.organizations.services.organizations import create_api_key, revoke_api_key
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session
from widgets.tests.browser.staff import (
    COLOURS,
    findings,
    known_to_the_server,
    on_the_next_page,
    sign_in,
)

pytestmark = [pytest.mark.browser, pytest.mark.server]
PHONE: ViewportSize = {"width": 375, "height": 700}
ANSWER = "# Hi\n\n| a | b |\n|---|---|\n| [c](https://example.com/) | `d` |\n\n```\n" + "x" * 200
NARROW: ViewportSize = {"width": 1024, "height": 768}
LISTS = (
    *("widgets/widgetsession", "widgets/widgetconfig", "agents/textagent", "contacts/contact"),
    *("organizations/membership", "organizations/apikey", "organizations/auditentry"),
)
DESK: ViewportSize = {"width": 1280, "height": 800}


@pytest.fixture
def owner(transactional_db: None, alice: User) -> User:
    return known_to_the_server(alice)


@pytest.fixture
def widget(owner: User, acme: Organization, globex: Organization) -> WidgetConfig:
    """A widget with a conversation, a contact, a key, and a second organization of alice's."""
    Membership.objects.create(organization=globex, user=owner, role=Role.VIEWER)
    widget = make_widget(acme, name="Shop", daily_message_cap=50)
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content="Hello?")
    append_message(session, role="assistant", content=ANSWER, status="failed", model="test:any")
    contact = Contact.objects.create(organization=acme, name="Jane")
    claim = {"name": "Jane Doe", "email": "jane@example.com"}
    WidgetSession.objects.update(contact=contact, contact_claim=claim, last_answer_status="failed")
    WidgetMessage.objects.filter(seq=2).update(rating="down", rating_comment="Wrong")
    key, _ = create_api_key(organization=acme, name="Key")
    revoke_api_key(api_key=key)
    invite(organization=acme, email="new@example.com", role=Role.ADMIN, invited_by=owner)
    # More text than "just now".
    Invitation.objects.update(created_at=timezone.now() - timedelta(minutes=58))
    return widget


def addresses(widget: WidgetConfig) -> list[str]:
    session, contact = widget.sessions.get(), Contact.objects.get()
    change = AuditEntry.objects.filter(organization=widget.organization, action=1)[0]
    invitation, owner = Invitation.objects.get(), Membership.objects.get(role=Role.OWNER)
    form = f"/admin/widgets/widgetconfig/{widget.pk}"
    return [
        "/admin/", "/admin/reports/", "/admin/quality/", "/admin/knowledge/",
        "/admin/quality/questions/",
        "/admin/setup/", "/admin/setup/shop/", "/admin/setup/teach/", "/admin/setup/try/",
        "/admin/setup/site/", f"{form}/install/",
        "/admin/widgets/widgetconfig/",
        "/admin/widgets/widgetconfig/add/",
        f"{form}/change/", f"{form}/reset-widget-id/", f"{form}/delete/", f"{form}/history/",
        "/admin/widgets/widgetsession/", f"/admin/widgets/widgetsession/{session.pk}/change/",
        "/admin/agents/textagent/", f"/admin/agents/textagent/{widget.text_agent_id}/change/",
        "/admin/contacts/contact/", f"/admin/contacts/contact/{contact.pk}/change/",
        f"/admin/contacts/contact/{contact.pk}/erase/", "/admin/agents/textagent/add/",
        "/admin/widgets/widgetsession/?answer=failed&q=x", "/admin/organizations/membership/",
        "/admin/organizations/invitation/add/", "/admin/organizations/invitation/",
        f"/admin/organizations/invitation/{invitation.pk}/change/",
        f"/admin/organizations/invitation/{invitation.pk}/delete/",
        f"/admin/organizations/membership/{owner.pk}/change/", "/admin/organizations/apikey/",
        f"/admin/organizations/organization/{widget.organization_id}/change/",
        "/admin/widgets/erasurereceipt/", "/admin/agents/dailytokenusage/",
        "/admin/password_change/", "/admin/organizations/auditentry/",
        f"/admin/organizations/auditentry/{change.pk}/change/",
    ]  # fmt: skip


async def overflows(page: Page, size: ViewportSize) -> list[str]:
    """In which layouts a page is wider than its window: by itself, mirrored, at 200 %, narrow.

    200 % is the layout of half the width. Whatever lies outside of a mirrored page can't be
    scrolled to.
    """
    # A page has to work down to 320 px.
    double = max(320, size["width"] // 2)
    layouts = {"": size["width"], "200 %": double, "narrow": NARROW["width"]}
    found = []
    for name, width in layouts.items():
        await page.set_viewport_size({"width": width, "height": size["height"]})
        for direction in ("ltr", "rtl"):
            wide = await page.evaluate(
                "dir => { document.documentElement.dir = dir; return Math.max("
                "document.documentElement.scrollWidth, document.body.scrollWidth) }",
                direction,
            )
            if wide != width:
                found.append(f"{name} {direction}: {wide} instead of {width}")
    await page.evaluate("document.documentElement.dir = 'ltr'")
    await page.set_viewport_size(size)
    return found


def new_link() -> str:
    """An invitation's address."""
    token = renew_invitation(invitation=Invitation.objects.get())
    return f"/admin/join/{token}/"


async def test_pages_have_no_axe_violations_and_no_overflow(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    refused: list[str] = []
    # What the checker itself tries and may not is no fault of a page.
    is_checking = False

    def note(line: ConsoleMessage) -> None:
        if line.type == "error" and not is_checking:
            refused.append(f"{line.location.get('url')}: {line.text}")

    page.on("console", note)
    await page.set_viewport_size(DESK)
    server = live_server_process()
    wrong: list[object] = []

    async def check(address: str) -> None:
        nonlocal is_checking
        await page.goto(server.url + address)
        complaints, refused[:] = list(refused), []
        wrong.extend((address, complaint) for complaint in complaints)
        await page.wait_for_load_state("networkidle")
        for size in (DESK, PHONE):
            await page.set_viewport_size(size)
            wide = await overflows(page, size)
            is_checking = True
            found = await findings(page)
            # Whatever else axe looks at does not depend on the colour scheme.
            await page.emulate_media(color_scheme="dark")
            found += await findings(page, COLOURS)
            await page.emulate_media(color_scheme="light")
            is_checking = False
            wrong.extend((address, size["width"], each) for each in wide + found)
        await page.set_viewport_size(DESK)

    link = await in_database(new_link)
    for address in ("/admin/login/", "/admin/password-reset/", "/admin/password-reset/sent/", link):
        await check(address)
    await sign_in(page, server.url)
    for address in await in_database(addresses, widget):
        await check(address)
    assert wrong + refused == [], "\n".join(map(str, wrong + refused))


async def test_rows_of_lists_are_cards_on_a_phone(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await page.set_viewport_size(PHONE)
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/widgets/widgetconfig/")
    cap = page.get_by_text("0 of 50", exact=True)
    await expect(cap).to_be_in_viewport(ratio=1)
    await expect(page.locator("td.field-cap")).to_have_attribute("data-label", "Messages today")
    await page.goto(f"{server.url}/admin/widgets/widgetsession/")
    row = page.locator("#result_list")
    await expect(row.get_by_text("Failed", exact=True)).to_be_in_viewport(ratio=1)


async def test_invitation_works_with_the_keyboard_only(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await sign_in(page, server.url)
    await page.get_by_role("link", name="Settings").press("Enter")
    await page.get_by_role("link", name="Team").press("Enter")
    await page.get_by_role("link", name="Invite a member").press("Enter")
    await page.get_by_label("Email").press_sequentially("dora@example.com")
    await page.get_by_label("Role").press("a")
    await page.get_by_role("button", name="Invite", exact=True).press("Enter")
    copy = await on_the_next_page(page.get_by_role("button", name="Copy"))
    await copy.press("Enter")
    await expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
    link = await page.evaluate("navigator.clipboard.readText()")
    await page.context.clear_cookies()
    await page.goto(link)
    assert page.url == f"{server.url}/admin/join/"
    await page.get_by_label("Your name").press_sequentially("Dora")
    await page.get_by_label("Password", exact=True).press_sequentially("four words are enough")
    await page.get_by_label("Repeat password").press_sequentially("four words are enough")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("You are now a member of Acme.")).to_be_visible()


async def test_staff_pages_work_with_the_keyboard_only(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await page.set_viewport_size(PHONE)
    await sign_in(page, server.url)
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Widgets")
    await expect(link).to_be_hidden()
    await page.get_by_role("button", name="Menu").press("Enter")
    await link.press("Enter")
    # The only widget opens without its list.
    await page.wait_for_url(f"**/admin/widgets/widgetconfig/{widget.pk}/change/")
    await expect(page.get_by_role("heading", name="Shop", level=1)).to_be_visible()
    await page.locator(".lq-switch summary").press("Enter")
    other = page.get_by_role("button", name="Globex")
    await expect(other).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(other).to_be_hidden()
    await page.keyboard.press("Enter")
    await other.press("Enter")
    await expect(page.locator(".lq-switch-name")).to_have_text("Globex")
    await page.wait_for_load_state()
    await page.locator("#user-tools summary").press("Enter")
    await page.get_by_role("button", name="Log out").press("Enter")
    await page.wait_for_url("**/admin/logout/")


async def test_ten_conversations_are_visible_and_nothing_is_cut(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    def talk() -> None:
        for number in range(12):
            session, _ = create_widget_session(widget=widget)
            append_message(session, role="user", content=f"I want a refund {number} " + "x " * 200)
            append_message(session, role="assistant", content="No.", outcome="no_answer")

    await in_database(talk)
    server = live_server_process()
    await sign_in(page, server.url)
    for size, rows in ((DESK, 10), (NARROW, 9)):
        await page.set_viewport_size(size)
        await page.goto(f"{server.url}/admin/widgets/widgetsession/?attention=any")
        bottoms = await page.locator("#result_list tbody tr").evaluate_all(
            "rows => rows.map((row) => row.getBoundingClientRect().bottom)"
        )
        assert sum(bottom <= size["height"] for bottom in bottoms) >= rows
        for name in LISTS:
            await page.goto(f"{server.url}/admin/{name}/")
            cut = await page.locator(".results").evaluate(
                "box => [...box.querySelectorAll('tbody td, tbody th')].filter((cell) => "
                "cell.getBoundingClientRect().right > box.getBoundingClientRect().right).length"
            )
            assert (name, size["width"], cut) == (name, size["width"], 0)


async def test_conversations_are_marked_as_done_with_the_keyboard(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    await in_database(
        lambda: append_message(WidgetSession.objects.get(), role="user", content="A scam")
    )
    await sign_in(page, server.url)
    await page.get_by_role("link", name="Inbox").press("Enter")
    await page.get_by_role("link", name="Needs attention").press("Enter")
    await on_the_next_page(page.get_by_text("Unhappy", exact=True).last)
    actions = page.get_by_label("Action:")
    await expect(actions).to_be_hidden()
    await page.locator(".action-select").press("Space")
    await actions.select_option("Mark as done")
    await page.get_by_role("button", name="Go").press("Enter")
    await on_the_next_page(page.get_by_text("Nothing needs attention."))
    await page.locator(".lq-filters > summary").press("Enter")
    await expect(page.get_by_role("link", name="Left details")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Left details")).to_be_hidden()
