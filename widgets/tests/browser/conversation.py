"""What a visitor does and sees, by role and name."""

from playwright.async_api import Locator, Page, expect


async def open_chat(page: Page) -> Locator:
    """The chat's panel, opened unless the widget has remembered that it was."""
    opener = page.get_by_role("button", name="Open chat", exact=True)
    panel = page.get_by_role("dialog")
    await expect(opener.or_(panel)).to_be_visible()
    if await opener.is_visible():
        await opener.click()
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
    """A message stands in the transcript exactly once."""
    await expect(log(panel).get_by_text(text, exact=True)).to_have_count(1)
