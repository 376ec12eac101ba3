"""The admin and the demo page work under their content security policies."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from playwright.async_api import ConsoleMessage, Page, expect

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.models import ApiKey, Organization
from loquent.testing.people import PASSWORD, make_widget
from loquent.testing.process import ServerProcess
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session
from widgets.tests.browser.conversation import log, open_chat, say
from widgets.tests.browser.staff import on_the_next_page

pytestmark = [pytest.mark.browser, pytest.mark.server]

WATCH = """addEventListener("securitypolicyviolation", (violation) =>
  console.error(`${violation.violatedDirective} of ${violation.blockedURI}`))"""


async def complaints_of(page: Page) -> list[str]:
    """What the browser complains of from now on: refusals of a policy, scripts that fail."""
    complaints: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        # The browser's own request for an icon, which there is none of.
        if line.type == "error" and not line.location["url"].endswith("/favicon.ico"):
            complaints.append(line.text)

    page.on("console", hear)
    await page.add_init_script(WATCH)
    return complaints


@pytest.fixture
def session(transactional_db: None, acme: Organization, alice: User) -> WidgetSession:
    # The server knows Django's hashers, not the fast one of the tests.
    alice.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1_000)
    alice.save(update_fields=["password"])
    session, _ = create_widget_session(widget=make_widget(acme))
    contact = Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")
    WidgetSession.objects.filter(id=session.id).update(contact=contact)
    append_message(session, role="user", content="Hello")
    return session


async def test_demo_violates_no_policy(page: Page, demo_site: ServerProcess) -> None:
    complaints = await complaints_of(page)
    await page.goto(f"{demo_site.url}/demo/")
    panel = await open_chat(page)
    await say(panel, "How long does shipping take?")
    await expect(log(panel)).to_contain_text("one to two days")
    # Our own style sheet is in force.
    shape = await page.evaluate("getComputedStyle(document.querySelector('.cards')).display")
    assert shape in {"grid", "flex"}
    assert complaints == []


async def test_admin_violates_no_policy(
    page: Page, demo_site: ServerProcess, session: WidgetSession
) -> None:
    complaints = await complaints_of(page)
    admin = f"{demo_site.url}/admin"
    await page.goto(f"{admin}/login/")
    await page.get_by_label("Email").fill("alice@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    widget = await in_database(WidgetConfig.objects.get, id=session.widget_id)
    contact = await in_database(Contact.objects.get)
    for path in (
        "widgets/widgetconfig/", "widgets/widgetconfig/?q=x", "widgets/widgetsession/",
        f"widgets/widgetsession/{session.id}/change/", "contacts/contact/", "contacts/contact/add/",
        f"contacts/contact/{contact.id}/change/", "organizations/invitation/add/",
        "organizations/organization/", "agents/textagent/", "password_change/",
        f"contacts/contact/{contact.id}/erase/", "widgets/erasurereceipt/",
    ):  # fmt: skip
        await page.goto(f"{admin}/{path}")
        await expect(page.locator("#content")).to_be_visible()

    # Copying, with a script of ours.
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"{admin}/widgets/widgetconfig/{widget.id}/change/")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
    assert widget.widget_id in await page.evaluate("navigator.clipboard.readText()")

    # The key that is shown once.
    await page.goto(f"{admin}/organizations/apikey/add/")
    await page.get_by_label("Name", exact=True).fill("Shop")
    await page.get_by_role("button", name="Save", exact=True).click()
    field = await on_the_next_page(page.get_by_role("textbox", name="API key"))
    key = await field.input_value()
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == key
    made = await in_database(ApiKey.objects.get, name="Shop")
    assert key.startswith(made.prefix)
    assert complaints == []
