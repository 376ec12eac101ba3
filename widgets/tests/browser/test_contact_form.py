"""The contact form in a real browser."""

import pytest
from playwright.async_api import Page, expect

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.tests.browser.conversation import log, open_chat, say
from widgets.tests.browser.shop import Shop, page_with

pytestmark = [pytest.mark.browser, pytest.mark.server]


async def test_required_details_come_before_the_first_message(
    page: Page, live_server_process: StartServer, transactional_db: None, acme: Organization
) -> None:
    widget = await in_database(
        make_widget,
        acme,
        contact_info_mode="required",
        collect_name=True,
        collect_email=True,
        collect_phone=True,
    )
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        message = panel.get_by_role("textbox", name="Message", exact=True)
        start = panel.get_by_role("button", name="Start chat", exact=True)
        await expect(start).to_be_visible()
        assert await message.count() == 0 or not await message.is_enabled()
        name = panel.get_by_role("textbox", name="Name", exact=True)
        email = panel.get_by_role("textbox", name="Email", exact=True)
        phone = panel.get_by_role("textbox", name="Phone", exact=True)
        await name.fill("Jane")
        await email.fill("jane@example.com")
        await start.click()
        await expect(panel.get_by_text("Phone:")).to_be_visible()
        await phone.fill("+41 44 668 18 00")
        await email.fill("jane@b_d.example")
        await start.click()
        # The server's own sentence, with what was typed still there.
        await expect(panel.get_by_text("Email: The part of the email after the @")).to_be_visible()
        await expect(name).to_have_value("Jane")
        await expect(email).to_have_value("jane@b_d.example")
        await email.fill("jane@example.com")
        await start.click()
        await expect(message).to_be_enabled()
        await say(panel, "When do you ship?")
        await expect(log(panel)).to_contain_text("every working day")
    contact = await in_database(Contact.objects.get)
    assert (contact.name, contact.email, contact.phone) == (
        "Jane",
        "jane@example.com",
        "+41446681800",
    )


async def test_optional_details_can_be_left_at_any_time(
    page: Page, live_server_process: StartServer, transactional_db: None, acme: Organization
) -> None:
    widget = await in_database(make_widget, acme, contact_info_mode="optional", collect_email=True)
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        panel = await open_chat(page)
        await say(panel, "When do you ship?")
        await expect(log(panel)).to_contain_text("every working day")
        await expect(panel.get_by_role("textbox", name="Email", exact=True)).to_have_count(0)
        await panel.get_by_role("button", name="Menu", exact=True).click()
        await panel.get_by_role("button", name="Contact us", exact=True).click()
        await panel.get_by_role("textbox", name="Email", exact=True).fill("jane@example.com")
        await panel.get_by_role("button", name="Save", exact=True).click()
        await expect(panel.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    assert (await in_database(Contact.objects.get)).email == "jane@example.com"
