"""A browser in the admin: signing in, and what an accessibility checker says."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from playwright.async_api import Locator, Page, Route, expect

from loquent.testing.people import PASSWORD
from widgets.tests.browser.axe import load_axe

SERIOUS = {"serious", "critical"}
# The rules of axe that depend on colours.
COLOURS = ("color-contrast", "link-in-text-block")
# The end of one can begin another, of an element that inherits the colour.
END_ANIMATIONS = """() => {
  const running = () => document.getAnimations().filter((each) =>
    each.playState !== "finished" && each.effect.getComputedTiming().endTime < Infinity);
  for (let round = 0; round < 9; round++) for (const each of running()) each.finish();
}"""


def known_to_the_server(user: User) -> User:
    """Give a user a password that a real server can check: it lacks the tests' fast hasher."""
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1_000)
    user.save(update_fields=["password"])
    return user


async def sign_in(page: Page, url: str, name: str = "alice@example.com") -> None:
    """Sign in by keyboard."""
    await page.goto(f"{url}/admin/login/")
    await expect(page.get_by_label("Email")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{url}/admin/")


async def on_the_next_page(element: Locator) -> Locator:
    """An element of the page that a click has just opened, once the scripts of the page have run.

    Before that, its button may be there and do nothing.
    """
    await element.wait_for()
    await element.page.wait_for_load_state()
    return element


async def open_tab(page: Page, name: str) -> None:
    """Open a tab of a form by keyboard."""
    tab = page.get_by_role("tab", name=name, exact=True)
    await tab.focus()
    await page.keyboard.press("Space")
    await expect(tab).to_have_attribute("aria-selected", "true")


async def findings(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe finds on a page that is serious or worse: rule and element; all rules by default."""
    # While a page is loading, labels and controls may refer to elements that are not there yet.
    await page.wait_for_load_state()
    await load_axe(page)
    # Half of a change of colours has too little contrast. What is hidden would not end by itself.
    await page.evaluate(END_ANIMATIONS)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    result = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in result["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


async def reload_slowly(page: Page, box: Locator) -> None:
    """Reload the inbox; its conversation comes after the socket, and is asked for once until then.

    A box that is filled while the conversation is still being opened would take no keys.
    """
    asked: list[str] = []
    may_answer = asyncio.Event()

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        await may_answer.wait()
        await route.continue_()

    conversation = re.compile(r"/admin/inbox/[^/?]+/(\?after=\d+)?$")
    address = page.url
    # The page before may still be asking what is new.
    await page.goto("about:blank")
    await page.route(conversation, answer)
    await page.goto(address)
    await expect(page.locator(".lq-status")).to_have_text("Live")
    assert [url for url in asked if "after=" in url] == []
    may_answer.set()
    await expect(box).to_be_visible()
    await page.unroute(conversation, answer)
