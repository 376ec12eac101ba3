"""A member turns push messages on in a browser, and the service worker shows them."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, ViewportSize, expect

from loquent.db.threads import in_database
from loquent.testing.process_fixtures import StartServer
from widgets.models import PushDevice
from widgets.tests.browser.staff import findings, known_to_the_server, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.server]
PHONE: ViewportSize = {"width": 375, "height": 700}
DESK: ViewportSize = {"width": 1_280, "height": 700}
# No push service can be reached in a test: what the browser would return.
SUBSCRIBE = """
const point = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRp" +
  "kNtoIAiw4";
let known = null;
PushManager.prototype.getSubscription = async () => known;
PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
  if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error("Bad key.");
  const keys = { p256dh: point, auth: "BTBZMqHH6r4Tts7J_aSIgg" };
  const endpoint = "https://push.example.com/device";
  const toJSON = () => ({ endpoint, keys });
  const unsubscribe = () => { known = null; };
  known = { options: { applicationServerKey }, endpoint, unsubscribe, toJSON };
  return known;
};
// A busy machine may need more than the two seconds that a member waits who logs out.
const later = setTimeout;
window.setTimeout = (run, ms, ...rest) => later(run, ms === 2_000 ? 60_000 : ms, ...rest);
"""

# A browser that subscribed before.
RENEWED = """
PushManager.prototype.subscribe({
  applicationServerKey: new Uint8Array(65), userVisibleOnly: true,
});
"""


@pytest.fixture
def owner(transactional_db: None, alice: User) -> User:
    return known_to_the_server(alice)


async def test_member_turns_push_messages_on(
    live_server_process: StartServer, owner: User, page: Page
) -> None:
    server = live_server_process()
    await page.context.grant_permissions(["notifications"], origin=server.url)
    await page.add_init_script(SUBSCRIBE)
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/notifications/")
    await expect(page.get_by_role("heading", name="Push messages")).to_be_visible()
    assert await findings(page) == []
    await page.get_by_role("button", name="Turn on for this device").click()
    device = page.locator(".lq-devices li")
    await expect(device).to_contain_text("Chrome on Linux")
    row = await in_database(PushDevice.objects.get)
    assert row.endpoint == "https://push.example.com/device"
    # Another page tells the server again, should it have lost the device.
    await in_database(PushDevice.objects.all().delete)
    await page.add_init_script("sessionStorage.clear()")
    await page.add_init_script(RENEWED)
    async with page.expect_response("**/admin/notifications/push/") as renewed:
        await page.goto(f"{server.url}/admin/contacts/contact/")
    assert (await renewed.value).status == 200
    assert await in_database(PushDevice.objects.count) == 1
    await page.goto(f"{server.url}/admin/notifications/")
    scope = await page.evaluate("navigator.serviceWorker.ready.then((each) => each.scope)")
    assert scope == f"{server.url}/admin/"
    await page.set_viewport_size(PHONE)
    await page.get_by_text("On an iPhone or iPad").click()
    await expect(page.get_by_text("Add to Home Screen")).to_be_visible()
    assert await findings(page) == []
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == PHONE["width"]
    await device.get_by_role("button", name=re.compile("Remove")).click()
    await expect(device).to_have_count(0)
    # The page tells the server again: then it is in the list of the next one.
    is_told = page.get_by_text("Push messages are on for this device.")
    await expect(is_told).to_be_visible()
    # The next person at this browser may be another.
    await page.reload()
    await expect(device).to_have_count(1)
    await expect(is_told).to_be_visible()
    await page.set_viewport_size(DESK)
    await page.get_by_label("Account of alice@example.com").click()
    await page.get_by_role("button", name="Log out").click()
    await page.wait_for_url(re.compile("/admin/log"))
    assert await in_database(PushDevice.objects.count) == 0
