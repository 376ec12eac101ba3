"""The widget on somebody else's page."""

import pytest
from playwright.async_api import Page, expect

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.browser.conversation import expect_once, log, open_chat, say
from widgets.tests.browser.shop import Shop, page_with, strict_policy

pytestmark = [pytest.mark.browser, pytest.mark.server]

HOSTILE = """Hello <img src=x onerror="window.pwned=1"><script>window.pwned=1</script>

![pixel](http://localhost:1/leak.png)

[click](javascript:window.pwned=1) [data](data:text/html,<script>window.pwned=1</script>)
[good](https://example.com/page) <a href="https://evil.test">raw</a>

| a | b |
|---|---|
| <b>1</b> | `x` |

```html
<script>window.pwned=1</script>
```
The end."""


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"), name="Acme")


async def test_widget_works_cross_origin_under_a_strict_policy(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    async with ScriptedEndpoint() as endpoint:
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        html = page_with(server.url, widget.widget_id)
        with Shop(html, policy=strict_policy(server.url)) as shop:
            await in_database(WidgetConfig.objects.update, allowed_origins=[shop.origin])
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "Are you there?")
            await expect_once(panel, "Hello there.")
            await expect_once(panel, "Are you there?")
            # The icon of the page itself is the only thing that the policy may refuse.
            assert [line for line in complaints if "favicon" not in line] == []


async def test_nothing_happens_before_the_first_click(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    sockets: list[str] = []
    requests: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("request", lambda request: requests.append(request.url))
    server = live_server_process()
    with Shop(page_with(server.url, widget.widget_id)) as shop:
        await page.goto(shop.origin)
        launcher = page.get_by_role("button", name="Open chat", exact=True)
        await expect(launcher).to_be_visible()
        assert sockets == []
        assert len([url for url in requests if url.startswith(server.url)]) == 2
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert await page.context.cookies() == []
        async with page.expect_event("websocket"):
            await launcher.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_focused()
        assert len(sockets) == 1
        assert "token" not in sockets[0]
        assert await page.context.cookies() == []


@pytest.mark.parametrize("refusal", ["unknown", "disabled", "another site"])
async def test_refused_widget_does_not_appear(
    page: Page, live_server_process: StartServer, widget: WidgetConfig, refusal: str
) -> None:
    server = live_server_process()
    name = "wid_doesNotExist0000000000" if refusal == "unknown" else widget.widget_id
    if refusal == "disabled":
        await in_database(WidgetConfig.objects.update, enabled=False)
    if refusal == "another site":
        await in_database(WidgetConfig.objects.update, allowed_origins=["https://a.example"])
    with Shop(page_with(server.url, name)) as shop:
        # The browser calls a request failed whose answer the page may not read.
        event = "requestfailed" if refusal == "another site" else "requestfinished"
        async with page.expect_event(event, lambda request: request.url.endswith("/config")):
            await page.goto(shop.origin)
        await page.evaluate("() => new Promise((done) => setTimeout(done))")
        assert await page.evaluate("document.body.children.length") == 2  # heading and script
        assert await page.get_by_role("button").count() == 0


async def test_hostile_markdown_stays_text(
    page: Page, live_server_process: StartServer, widget: WidgetConfig
) -> None:
    leaks: list[str] = []
    page.on("request", lambda request: leaks.append(request.url) if "leak" in request.url else None)
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens(*HOSTILE))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        with Shop(page_with(server.url, widget.widget_id)) as shop:
            await page.goto(shop.origin)
            panel = await open_chat(page)
            await say(panel, "<img src=x onerror='window.pwned=1'>")
            transcript = log(panel)
            await expect(transcript).to_contain_text("The end.")
            await expect_once(panel, "<img src=x onerror='window.pwned=1'>")
            assert await page.evaluate("window.pwned") is None
            for forbidden in ("img", "script", "iframe", "[onerror]", "[style]"):
                assert await transcript.locator(forbidden).count() == 0, forbidden
            links = await transcript.get_by_role("link").all()
            addresses = [await link.get_attribute("href") or "" for link in links]
            assert "https://example.com/page" in addresses
            assert all(address.startswith(("http://", "https://")) for address in addresses)
            for link in links:
                rel = await link.get_attribute("rel") or ""
                assert {"noopener", "noreferrer", "nofollow", "ugc"} <= set(rel.split())
            assert leaks == []
