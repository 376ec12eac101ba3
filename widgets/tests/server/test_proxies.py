"""A visitor behind a real nginx and a real Caddy, with the configurations of deploy/."""

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
from aiohttp import web
from aiohttp.test_utils import TestServer
from django.conf import settings
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import eventually
from widgets.models import WidgetConfig
from widgets.tests.server.proxies import Proxy, start_caddy, start_nginx
from widgets.tests.server.test_wire import receive, until

pytestmark = pytest.mark.server
StartProxy = Callable[[Path, list[ServerProcess]], Proxy]


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    assert settings.REDIS_URL, "Processes talk through Redis: run this by `make test`."
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


@pytest.fixture
async def endpoint() -> Any:
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def servers(live_server_process: StartServer, endpoint: ScriptedEndpoint) -> list[ServerProcess]:
    variables = {
        "OPENAI_BASE_URL": endpoint.base_url,
        "TRUSTED_PROXY_COUNT": "1",
        "SITE_URL": "https://127.0.0.1",
        "DEBUG": "0",
        "METRICS_ALLOW": "127.0.0.1",
        # One new session for each address: shows which address counts.
        "LIMIT_SESSIONS_BURST": "2",
        "LIMIT_SESSIONS_PER_HOUR_PER_IP": "2",
    }
    return [live_server_process(**variables) for _ in range(2)]


@pytest.fixture(params=[start_nginx, start_caddy], ids=["nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest, tmp_path: Path, servers: list[ServerProcess]
) -> Iterator[Proxy]:
    start: StartProxy = request.param
    proxy = start(tmp_path, servers)
    yield proxy
    proxy.end()


def no_questions() -> ssl.SSLContext:
    """The certificate is nobody's."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(proxy: Proxy, widget: WidgetConfig, token: str = "", **headers: str) -> Any:
    names = ["loquent.v2", *([f"loquent.token.{token}"] if token else [])]
    return websockets.connect(
        f"{proxy.socket_url}/api/widget/{widget.widget_id}/ws?last_seq=0",
        subprotocols=[Subprotocol(name) for name in names],
        additional_headers=headers,
        ssl=no_questions() if proxy.https else None,
        open_timeout=20,
    )


async def say(socket: ClientConnection, content: str) -> None:
    await socket.send(json.dumps({"type": "message", "content": content}))


async def comes_back(proxy: Proxy, widget: WidgetConfig, token: str) -> None:
    """As the widget does, which tries again where a process that ends sends it away."""
    try:
        async with connect(proxy, widget, token) as socket:
            session, history = await receive(socket), await receive(socket)
    except websockets.WebSocketException as error:
        raise AssertionError(str(error)) from error
    assert session["resumed"] is True
    assert [message["content"] for message in history["messages"]] == ["my own words", "One two."]


async def get(proxy: Proxy, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connector = aiohttp.TCPConnector(ssl=no_questions())
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.get(proxy.url + path, headers=headers) as response,
    ):
        return response.status, dict(response.headers), await response.read()


async def test_proxy_serves_the_script_and_hides_internal_urls(
    proxy: Proxy, widget: WidgetConfig
) -> None:
    status, headers, body = await get(proxy, "/api/widget/embed.js")
    assert status == 200
    assert b"Loquent" in body
    assert headers["Content-Type"].startswith("text/javascript")
    assert headers["X-Request-ID"]
    status, _, body = await get(proxy, f"/api/widget/{widget.widget_id}/config")
    assert (status, "primary_color" in json.loads(body)) == (200, True)
    # The admin knows that it is spoken to by https, where it is.
    _, headers, _ = await get(proxy, "/admin/login/")
    assert ("Strict-Transport-Security" in headers) is proxy.https
    for path in ("/metrics", "/readyz", "/healthz"):
        assert (await get(proxy, path))[0] == 404
    # A long cookie of a neighbour's and a long query pass.
    long = await get(proxy, "/api/widget/embed.js?" + "q" * 3_000, Cookie="c=" + "x" * 6_000)
    assert long[0] == 200


async def test_proxy_keeps_processes_without_redis(
    live_server_process: StartServer, tmp_path: Path
) -> None:
    without_redis = live_server_process(REDIS_URL="redis://127.0.0.1:1/0")
    asked: asyncio.Queue[str] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await asked.put(request.path)
        return web.Response(status=503)

    stub = web.Application()
    stub.router.add_get("/{path:.*}", take)
    async with TestServer(stub, host="127.0.0.1") as never_ready:
        proxy = await asyncio.to_thread(start_caddy, tmp_path, [without_redis, never_ready])
        try:
            # Each round asks all of them: after the second one, the first is over.
            assert [await asked.get() for _ in range(2)] == ["/readyz"] * 2
            assert (await get(proxy, "/api/widget/embed.js"))[0] == 200
        finally:
            await asyncio.to_thread(proxy.end)


async def test_answer_streams_through_the_proxy_and_survives_a_process(
    proxy: Proxy,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
    servers: list[ServerProcess],
) -> None:
    gate = asyncio.Event()
    endpoint.push(tokens("One ", "two.", gate=gate), tokens("Three", "."))
    async with connect(proxy, widget) as socket:
        token = (await receive(socket))["session_token"]
        await say(socket, "my own words")
        # The first word is here while the second isn't even written.
        frames = await until(socket, "delta")
        assert frames[-1]["content"] == "One "
        gate.set()
        frames = await until(socket, "typing_stop")
        assert frames[-2]["content"] == "One two."
        # Each of both processes ends, one after the other, as in an upgrade.
        for server in servers:
            ending = asyncio.create_task(asyncio.to_thread(server.terminate))
            await eventually(partial(comes_back, proxy, widget, token))
            await ending
            server.start_again()
            await asyncio.to_thread(server.wait_until_ready)
        await eventually(partial(comes_back, proxy, widget, token))
    async with connect(proxy, widget, token) as socket:
        assert (await receive(socket))["resumed"] is True
        await say(socket, "once more")
        frames = await until(socket, "typing_stop")
        assert frames[-2]["content"] == "Three."
    log = await asyncio.to_thread(proxy.access_log.read_text)
    assert "/ws" in log
    for secret in (token, "last_seq", "own words"):
        assert secret not in log + proxy.log()


async def test_clients_cannot_forge_their_address(proxy: Proxy, widget: WidgetConfig) -> None:
    for number in range(2):
        claimed = {"X-Forwarded-For": f"203.0.113.{number}"}
        async with connect(proxy, widget, **claimed) as socket:
            assert (await receive(socket))["type"] == "session"
    async with connect(proxy, widget, **{"X-Forwarded-For": "203.0.113.9"}) as socket:
        assert (await receive(socket))["code"] == "rate_limited"
