"""`/metrics` of a server with several workers tells of all of them, whichever answers."""

import os
import re
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import websockets
from django.conf import settings

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import eventually
from widgets.models import WidgetConfig
from widgets.tests.server.test_wire import receive, until

pytestmark = pytest.mark.server
VISITORS = 8


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    assert settings.REDIS_URL, "Workers talk through Redis: run this by `make test`."
    return make_widget(acme)


async def scrape(server: ServerProcess) -> dict[str, float]:
    async with aiohttp.ClientSession() as client, client.get(f"{server.url}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    found = re.findall(r"^(loquent_\S+) ([0-9.e+-]+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def workers(server: ServerProcess) -> set[int]:
    """The processes that hold sockets of the server's children: those that have threads."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    pids = {int(pid) for path in tasks for pid in path.read_text().split()}
    return {p for p in pids if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()}


async def test_any_worker_returns_the_metrics_of_all(
    live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process(
        arguments=("--workers", "2"), METRICS_ALLOW="127.0.0.1", RATE_LIMITS="off"
    )

    async def both_are_there() -> None:
        assert (await scrape(server))["loquent_processes"] == 2

    await eventually(both_are_there)
    async with AsyncExitStack() as stack:
        url = f"{server.socket_url}/api/widget/{widget.widget_id}/ws"
        for _ in range(VISITORS):
            socket = await stack.enter_async_context(websockets.connect(url))
            await receive(socket)
            await socket.send('{"type":"message","content":"When do parcels arrive?"}')
            await until(socket, "typing_stop")
        seen = await scrape(server)
        assert seen["loquent_sockets_open"] == VISITORS
        assert seen["loquent_messages_total"] == VISITORS
        assert seen['loquent_turns_total{outcome="complete"}'] == VISITORS
        assert seen["loquent_redis_up"] == seen["loquent_database_up"] == 1
        before = workers(server)
        assert len(before) == 2
        found = re.search(rb"PROMETHEUS_MULTIPROC_DIR=([^\0]+)", _environment(max(before)))
        assert found is not None
        directory = Path(found[1].decode())
        os.kill(min(before), signal.SIGKILL)

        async def another_has_come() -> None:
            others = workers(server) - before
            assert [pid for pid in others if _measures(directory, pid)]
            assert (await scrape(server))["loquent_processes"] == 2

        await eventually(another_has_come)
        # What it was at is gone with it; what it counted stays counted.
        assert not _measures(directory, min(before))
        assert (await scrape(server))["loquent_messages_total"] == VISITORS
    server.terminate()
    assert not os.path.exists(directory)  # noqa: PTH110, ASYNC240


def _environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def _measures(directory: Path, pid: int) -> bool:
    """Whether the gauges of a process count."""
    return any(directory.glob(f"gauge_live*_{pid}.db"))
