"""The pages of webhooks in a browser: accessible, without overflow, and usable by their labels."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from django.contrib.auth.models import User
from playwright.async_api import ConsoleMessage, Page, ViewportSize, expect

from loquent.db.threads import in_database
from loquent.testing.process_fixtures import StartServer
from loquent.testing.receiver import Receiver
from loquent.testing.waiting import eventually
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]
SIZES: list[ViewportSize] = [
    {"width": 1280, "height": 800},
    {"width": 1024, "height": 768},
    {"width": 375, "height": 700},
]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]

NOT_PUBLIC = "This address is not on the public internet."


@pytest.fixture
def owner(transactional_db: None, alice: User) -> User:
    return known_to_the_server(alice)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        found.reply = lambda request: (500, {}, b"<h1>Broken</h1>" + b"x" * 500)
        yield found


async def test_owner_creates_tests_and_reads_a_webhook(
    page: Page, live_server_process: StartServer, owner: User, receiver: Receiver
) -> None:
    server = live_server_process(
        WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8", WEBHOOK_ALLOW_HTTP="1", JOBS_IN_SERVER="1"
    )
    refused: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type == "error":
            refused.append(line.text)

    page.on("console", note)
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/")
    await page.get_by_role("link", name="Settings", exact=True).click()
    await page.get_by_role("link", name="Webhooks", exact=True).click()
    await page.goto(f"{server.url}/admin/webhooks/webhookendpoint/add/")
    await page.get_by_label("URL").fill("http://10.0.0.1/")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text(NOT_PUBLIC, exact=True)).to_be_visible()
    await page.get_by_label("URL").fill(receiver.url)
    await page.get_by_role("button", name="Save", exact=True).click()
    secret = page.get_by_label("Secret", exact=True)
    await expect(secret).to_have_value(re.compile("whsec_"))
    await page.get_by_role("button", name="Send test event").click()
    await expect(page.get_by_role("button", name="Resend")).to_be_visible()

    async def is_delivered() -> None:
        assert await in_database(WebhookDelivery.objects.filter(attempts__gte=1).exists)

    await eventually(is_delivered)
    await page.reload()
    await expect(page.get_by_text("<h1>Broken</h1>")).to_be_visible()
    endpoint = await in_database(WebhookEndpoint.objects.get)
    delivery = await in_database(WebhookDelivery.objects.get)
    form = f"/admin/webhooks/webhookendpoint/{endpoint.pk}"
    log = "/admin/webhooks/webhookdelivery/"
    wrong: list[object] = list(refused)
    for size in SIZES:
        await page.set_viewport_size(size)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            for address in (
                "/admin/webhooks/webhookendpoint/", "/admin/webhooks/webhookendpoint/add/",
                f"{form}/change/", f"{form}/delete/", log, f"{log}{delivery.pk}/change/",
            ):  # fmt: skip
                await page.goto(server.url + address)
                wide = await page.evaluate("document.documentElement.scrollWidth")
                if wide != size["width"]:
                    wrong.append((address, wide))
                wrong += [(address, finding) for finding in await findings(page)]
    assert wrong == [], "\n".join(map(str, wrong))
