"""No proxy writes a secret into any log, also where something fails."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from loquent.testing.ports import free_port
from widgets.tests.server.proxies import Proxy, Upstream, start_caddy, start_nginx
from widgets.tests.server.test_proxies import get

pytestmark = pytest.mark.server
QUERY_TOKEN, HEADER_TOKEN = "wst_inTheQuery", "wst_inTheHeader"
SECRETS = (QUERY_TOKEN, HEADER_TOKEN, "reset-secret", "join-secret", "lqc_secret", "stop-secret")
PATHS = (
    f"/api/widget/wid_1/ws?token={QUERY_TOKEN}",
    "/admin/password-reset/Mg/reset-secret/",
    "/admin/join/join-secret/",
    "/chat/continue/lqc_secret",
    "/chat/stop/stop-secret",
)


@dataclass
class Nobody:
    """A port on which nothing listens."""

    port: int | None = field(default_factory=free_port)


async def ask(proxy: Proxy) -> list[int]:
    """The statuses of requests with secrets, once the proxy has written all that it will."""
    protocols = {"Sec-WebSocket-Protocol": f"loquent.v2, loquent.token.{HEADER_TOKEN}"}
    try:
        answers = [await get(proxy, path, **protocols) for path in PATHS * 2]
    finally:
        await asyncio.to_thread(proxy.end)
    return [status for status, _, _ in answers]


def assert_no_secret(home: Path) -> None:
    """In no file that the proxy has written."""
    for path in home.rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8", errors="replace")
            assert [secret for secret in SECRETS if secret in text] == [], path.name


@pytest.mark.parametrize("there", [0, 1], ids=["all_away", "one_away"])
@pytest.mark.parametrize("which", ["nginx", "caddy"])
async def test_unreachable_process_is_logged_without_secrets(
    tmp_path: Path, which: str, there: int
) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    stub = web.Application()
    stub.router.add_get("/{path:.*}", take)
    async with TestServer(stub, host="127.0.0.1") as server:
        behind: list[Upstream] = [*[server] * there, *[Nobody()] * (2 - there)]
        if which == "nginx":
            proxy = await asyncio.to_thread(start_nginx, tmp_path, behind)
        else:
            changes = {"lb_try_duration 10s": "lb_try_duration 0"}
            proxy = await asyncio.to_thread(start_caddy, tmp_path, behind, changes=changes)
        statuses = set(await ask(proxy))
    assert statuses <= ({200, 502} if there else {502, 503})
    assert_no_secret(tmp_path)
    log = proxy.access_log.read_text("utf-8")
    assert log.count("/api/widget/wid_1/ws") == 2
    assert log.count("/admin/join/") == 2
    if which == "caddy" and not there:
        # The log of errors is on, and says where.
        assert "http.log.error" in proxy.log()
        assert "/api/widget/wid_1/ws" in proxy.log()
