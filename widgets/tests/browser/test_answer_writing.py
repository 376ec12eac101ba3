"""Staff write the answer to a question in a browser: checked first, and never lost."""

from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from loquent.agents.models import AgentQuestion, KnowledgeEntry
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetMessage
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in
from widgets.tests.test_unanswered_api import ask

pytestmark = [pytest.mark.browser, pytest.mark.server]
QUESTION = "Do you repair tents?"


@pytest.fixture
def answer_page(transactional_db: None, acme: Organization, alice: User) -> str:
    """The address of the page for a question that has no answer; it is a test question, too."""
    known_to_the_server(alice)
    agent = make_agent(acme)
    session_id = ask(make_widget(acme, agent=agent), QUESTION)
    AgentQuestion.objects.create(agent=agent, question=QUESTION, expect="none")
    asked = WidgetMessage.objects.get(session=UUID(session_id), role="user")
    query = urlencode({"agent": str(agent.pk), "message": str(asked.pk)})
    return f"/admin/knowledge/answer/?{query}"


async def test_answer_is_checked_before_it_is_saved(
    page: Page, live_server_process: StartServer, answer_page: str
) -> None:
    server = live_server_process()
    await page.set_viewport_size({"width": 375, "height": 800})
    await sign_in(page, server.url)
    await page.goto(server.url + answer_page)
    before = await in_database(KnowledgeEntry.objects.count)
    check = page.get_by_role("button", name="Check first")
    await check.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Answer: This field")
    # With its encoding, the text is larger than what pages usually receive.
    text = "Мы ремонтируем палатки. " * 2_000
    await page.get_by_label("Answer", exact=True).fill(text)
    await page.get_by_label("Link").fill("example.com/repairs")
    await check.press("Enter")
    comparison = page.get_by_role("group", name="What the change does to the test questions")
    await expect(comparison.get_by_role("listitem")).to_have_text([QUESTION])
    await expect(page.get_by_role("status")).to_have_text("Nothing is saved yet.")
    assert await in_database(KnowledgeEntry.objects.count) == before
    assert await findings(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_label("Title").fill("Repairs")
    await expect(comparison).to_be_hidden()

    # A link away from the page asks first.
    page.on("dialog", lambda dialog: dialog.dismiss())
    async with page.expect_event("dialog"):
        await page.get_by_role("link", name="Cancel").click()
    await expect(page.get_by_label("Answer", exact=True)).to_have_value(text)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("The assistant uses the answer immediately")).to_be_visible()
    entry = await in_database(lambda: KnowledgeEntry.objects.get(title="Repairs"))
    assert entry.content == text.strip()
