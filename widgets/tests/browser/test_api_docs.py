"""The API's pages in a real browser: they work under their policy, and without another host."""

import pytest
from playwright.async_api import ConsoleMessage, Page, Request, expect

from loquent.organizations.models import Organization
from loquent.testing.process_fixtures import StartServer

pytestmark = [pytest.mark.browser, pytest.mark.server]


async def test_operation_can_be_read_and_tried(
    page: Page, live_server_process: StartServer, acme: Organization, acme_key: str
) -> None:
    server = live_server_process()
    said: list[str] = []
    asked: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said.append(message.text)

    def note_request(request: Request) -> None:
        asked.append(request.url)

    page.on("console", note)
    page.on("request", note_request)
    await page.goto(f"{server.url}/api/docs/")
    await expect(page.get_by_text("Loquent Widget API").first).to_be_visible()

    await page.get_by_role("button", name="Authorize").click()
    await page.locator("#auth-bearer-value").fill(acme_key)
    await page.get_by_role("button", name="Apply credentials").first.click()
    await page.get_by_role("button", name="Close", exact=True).last.click()
    operation = page.locator("#operations-contacts-contacts_list")
    await operation.get_by_text("List contacts").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(operation.locator(".live-responses-table")).to_contain_text('"results": []')

    assert [text for text in said if "Content Security Policy" in text] == []
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
