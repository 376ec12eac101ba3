"""Websites and files become knowledge on the assistant's page: preview, progress, answer."""

import pytest
from django.contrib.auth.models import User
from playwright.async_api import FilePayload, Page, expect

from loquent.agents.models import TextAgent
from loquent.agents.tests.documents import pdf
from loquent.agents.tests.site import TEXT, Site
from loquent.agents.tests.site import page as web_page
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.process_fixtures import StartServer
from loquent.testing.receiver import Receiver
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def agent(transactional_db: None, acme: Organization, alice: User) -> TextAgent:
    known_to_the_server(alice)
    made = make_agent(acme)
    made.knowledge.all().delete()
    return made


async def test_website_is_previewed_read_and_answers(
    page: Page, live_server_process: StartServer, agent: TextAgent
) -> None:
    with Receiver() as receiver:
        site = Site(receiver)
        site.fill(24)
        server = live_server_process(
            SOURCES_ALLOWED_NETWORKS="127.0.0.0/8", SOURCES_ALLOW_HTTP="1", JOBS_IN_SERVER="1"
        )
        await sign_in(page, server.url)
        await page.goto(f"{server.url}/admin/agents/textagent/{agent.pk}/change/#knowledge")
        websites = page.get_by_role("group", name="Websites")
        await websites.get_by_role("button", name="Add website…").click()
        dialog = page.get_by_role("dialog", name="Add a website")
        address = dialog.get_by_label("Address")
        await address.fill("http://10.0.0.1/")
        await address.press("Enter")
        await expect(dialog.get_by_role("alert")).to_contain_text("not on the public internet")
        await address.fill(f"{site.root}/")
        await address.press("Enter")
        await expect(dialog.get_by_role("heading", name="Start")).to_be_visible()
        await expect(dialog.get_by_role("status")).to_have_text("25 pages will be read.")
        assert await findings(page) == []
        await dialog.get_by_role("button", name="Read this website").click()
        await expect(websites.get_by_text("25 pages in the knowledge")).to_be_visible()
        row = page.get_by_role("row").filter(has_text="T7")
        await expect(row).to_contain_text(f"Read from {site.root}/")
        assert await findings(page) == []
        log, field = page.get_by_role("log", name="Try"), page.get_by_label("Message", exact=True)
        await field.fill("What about subject7?")
        await field.press("Enter")
        await expect(log.get_by_role("link", name="T7")).to_be_visible()
        # A sync that finds much gone asks first.
        for number in range(12):
            site.pages[f"/topic-{number}"] = (404, {}, b"")
        site.pages["/topic-20"] = web_page(TEXT + "Changed.", title="T20")
        await websites.get_by_role("button", name=f"Sync now: {site.root}/").click()
        await expect(websites.get_by_text("12 of 25 pages are gone")).to_be_visible()
        await websites.get_by_role("button", name=f"Accept removals: {site.root}/").click()
        await page.get_by_role("button", name="Accept removals", exact=True).last.click()
        await expect(websites.get_by_text("13 pages in the knowledge")).to_be_visible()
        await websites.get_by_role("button", name=f"Report: {site.root}/").click()
        report = page.get_by_role("dialog", name="What the last sync did")
        await expect(report.get_by_text("removed").first).to_be_visible()
        await report.get_by_role("button", name="Close").click()
        await websites.get_by_role("button", name=f"Undo last sync: {site.root}/").click()
        await expect(websites.get_by_text("25 pages in the knowledge")).to_be_visible()


async def test_file_is_added_replaced_and_answers(
    page: Page, live_server_process: StartServer, agent: TextAgent
) -> None:
    def named(text: bytes) -> FilePayload:
        return {"name": "guide.pdf", "mimeType": "application/pdf", "buffer": text}

    server = live_server_process(JOBS_IN_SERVER="1")
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/agents/textagent/{agent.pk}/change/#knowledge")
    sources = page.get_by_role("group", name="Websites and files")
    await sources.get_by_role("button", name="Add file…").click()
    dialog = page.get_by_role("dialog", name="Add a file")
    file, add = dialog.get_by_label("File"), dialog.get_by_role("button", name="Add file")
    await file.set_input_files({"name": "a.doc", "mimeType": "x/y", "buffer": b"x"})
    await add.click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Only PDF, Word (.docx)")
    assert await findings(page) == []
    await file.set_input_files(named(pdf(f"{TEXT} One.", f"{TEXT} About zebras.")))
    await dialog.get_by_label("Address").fill("example.com/guide.pdf")
    await add.click()
    await expect(dialog).to_be_hidden()
    await expect(sources.get_by_text("2 pages in the knowledge")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="guide, page 2")).to_contain_text(
        "Read from guide.pdf"
    )
    log, field = page.get_by_role("log", name="Try"), page.get_by_label("Message", exact=True)
    await field.fill("What about zebras?")
    await field.press("Enter")
    link = log.get_by_role("link", name="guide, page 2")
    await expect(link).to_have_attribute("href", "https://example.com/guide.pdf#page=2")
    await sources.get_by_role("button", name="Replace file: guide.pdf").click()
    dialog = page.get_by_role("dialog", name="Replace guide.pdf")
    await dialog.get_by_label("File").set_input_files(
        named(pdf(f"{TEXT} One.", f"{TEXT} About zebras.", f"{TEXT} Three."))
    )
    await dialog.get_by_role("button", name="Replace file").click()
    await expect(sources.get_by_text("3 pages in the knowledge")).to_be_visible()
    await sources.get_by_role("button", name="Report: guide.pdf").click()
    report = page.get_by_role("dialog", name="What the last sync did")
    await expect(report.get_by_text("guide.pdf#page=3")).to_be_visible()
    assert await findings(page) == []
