"""The pages of actions in a browser: accessible, without overflow, and usable by their labels."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, ViewportSize, expect

from loquent.agents.models import AgentAction
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process_fixtures import StartServer
from loquent.testing.receiver import Receiver
from widgets.models import ActionCall
from widgets.services.sessions import create_widget_session
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]
SIZES: list[ViewportSize] = [{"width": 1280, "height": 900}, {"width": 375, "height": 700}]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]


@pytest.fixture
def owner(transactional_db: None, alice: User) -> User:
    return known_to_the_server(alice)


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with Receiver() as found:
        found.reply = lambda request: (200, {}, b'{"status": "sent"}')
        yield found


async def test_owner_makes_and_tests_a_ready_made_action(
    page: Page, live_server_process: StartServer, owner: User, acme: Organization, shop: Receiver
) -> None:
    widget = await in_database(make_widget, acme)
    server = live_server_process(ACTIONS_ALLOWED_NETWORKS="127.0.0.0/8", ACTIONS_ALLOW_HTTP="1")
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/agents/agentaction/add/")
    await page.get_by_role("link", name="Order status", exact=True).click()
    await page.get_by_role("tab", name="Your system").click()
    await page.get_by_label("Address", exact=True).fill(
        f"http://127.0.0.1:{shop.port}/orders/{{order_number}}"
    )
    await page.get_by_label("Token").fill("s3cr3t")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_label("your order number", exact=True).fill("10023")
    await page.get_by_label("the email address of your order").fill("jane@example.com")
    await page.get_by_role("button", name="Look it up now").click()
    await expect(page.get_by_text("The assistant is told: Status: sent")).to_be_visible()
    action = await in_database(AgentAction.objects.get)

    def called() -> ActionCall:
        session, _ = create_widget_session(widget=widget)
        return ActionCall.objects.create(
            session=session, action=action, title="Order status", name="order_status",
            risk="read", arguments={"order_number": "10023"}, outcome="unknown", duration_ms=120,
            reason="No answer within 10 seconds.",
        )  # fmt: skip

    call = await in_database(called)
    form, log = "/admin/agents/agentaction/", "/admin/widgets/actioncall/"
    wrong: list[object] = []
    shots = os.environ.get("SHOTS")
    for size in SIZES:
        await page.set_viewport_size(size)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            for address in (
                form, f"{form}add/?preset=order_status", f"{form}{action.pk}/change/", log,
                f"{log}{call.pk}/change/",
            ):  # fmt: skip
                await page.goto(server.url + address)
                wide = await page.evaluate("document.documentElement.scrollWidth")
                if wide != size["width"]:
                    wrong.append((address, wide))
                wrong += [(address, finding) for finding in await findings(page)]
                if shots:
                    name = address.strip("/").replace("/", "-").partition("?")[0]
                    path = Path(shots) / f"{name[-40:]}-{scheme}-{size['width']}.png"
                    await page.screenshot(path=str(path), full_page=True)
    assert wrong == [], "\n".join(map(str, wrong))
