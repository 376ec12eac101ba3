"""What is on the page of the inbox, by role and name."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Locator, Page

from widgets.models import Draft

OpenInbox = Callable[..., Awaitable[Page]]


def rows(page: Page) -> Locator:
    return page.locator(".lq-inbox-rows > li")


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Reply to the visitor")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def drafts() -> list[str]:
    return list(Draft.objects.values_list("content", flat=True))
