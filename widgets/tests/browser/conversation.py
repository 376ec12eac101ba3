"""What a visitor does and sees, by role and name."""

from playwright.async_api import Locator, Page, expect


async def open_chat(page: Page) -> Locator:
    """The chat's panel, opened by the launcher. Where it opens by itself: `opened_chat`."""
    await page.get_by_role("button", name="Open chat", exact=True).click()
    return await opened_chat(page)


async def opened_chat(page: Page) -> Locator:
    """The panel that the widget opens by itself, as it was open before or is in another tab.

    Nobody clicks: the launcher is there first, and under the pointer it turns into "Close chat".
    """
    panel = page.get_by_role("dialog")
    await expect(panel).to_be_visible()
    return panel


async def say(panel: Locator, text: str) -> None:
    """Type a message and send it."""
    await panel.get_by_role("textbox", name="Message", exact=True).fill(text)
    await panel.get_by_role("button", name="Send message", exact=True).click()


def log(panel: Locator) -> Locator:
    """The transcript."""
    return panel.get_by_role("log")


async def expect_once(panel: Locator, text: str) -> None:
    """Wait until the transcript shows a message exactly once."""
    await expect(log(panel).get_by_text(text, exact=True)).to_have_count(1)
