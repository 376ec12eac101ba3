"""Real servers and workers on a real PostgreSQL: crashes, two workers, and dead receivers."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest

from loquent.testing.process import MANAGE, ServerProcess, plain_environment
from loquent.testing.receiver import Received, Receiver
from loquent.testing.waiting import WAIT_SECONDS
from widgets.tests.faults.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow]

SETTINGS = {
    "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "WEBHOOK_ALLOW_HTTP": "1",
    "WEBHOOK_RETRY_SECONDS": "0,1,1,1,2,2,2,5,5,5,10,10,10",
}
KILLS = 20
AGAIN_SECONDS = 45
QUEUE = """
WITH event AS (
    INSERT INTO webhooks_webhookevent (id, created_at, updated_at, type, data, organization_id)
    SELECT gen_random_uuid(), now(), now(), 'ping', '{}', organization_id
    FROM webhooks_webhookendpoint, generate_series(1, 1000) WHERE id = %s
    RETURNING id, organization_id
), delivery AS (
    INSERT INTO webhooks_webhookdelivery
        (id, created_at, updated_at, status, attempts, run, response, error, endpoint_id, event_id)
    SELECT gen_random_uuid(), now(), now(), 'pending', 0, 1, '', '', %s, id FROM event RETURNING id
)
INSERT INTO jobs_job
    (id, created_at, updated_at, kind, args, "group", state, run_at, attempts, lost, error)
SELECT gen_random_uuid(), now(), now(), 'webhook', jsonb_build_array(id, 1), 'webhook:' || %s,
    'waiting', now(), 0, 0, '' FROM delivery
"""


class Holding(Receiver):
    """Keeps requests waiting while `hold` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.hold, self.release = threading.Event(), threading.Event()
        self.reply = self._answer

    def _answer(self, request: Received) -> tuple[int, dict[str, str], bytes]:
        if self.hold.is_set():
            self.release.wait(120)
            return 500, {}, b""
        return 204, {}, b""


class Workers:
    """The workers of a site; they are killed after the test."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            [sys.executable, MANAGE, "work"],
            env=plain_environment(**self.site.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.running.append(worker)
        return worker

    def end(self) -> None:
        for worker in self.running:
            worker.kill()
            worker.wait()


@pytest.fixture
def receiver() -> Iterator[Holding]:
    with Holding() as found:
        yield found
        found.release.set()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site(processes=1, **SETTINGS) as found:
        yield found


@pytest.fixture
async def workers(site: Site) -> AsyncIterator[Workers]:
    found = Workers(site)
    yield found
    await asyncio.to_thread(found.end)


async def subscribe(site: Site, url: str) -> str:
    made = await site.call("POST", "webhooks/", {"url": url, "events": ["ping"]})
    return str(made["id"])


async def ping(site: Site, endpoint: str) -> str:
    """Send a test; return the `webhook-id`."""
    return str((await site.call("POST", f"webhooks/{endpoint}/test/"))["event"])


def sql(site: Site, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        found = connection.execute(query, values)
        return list(found) if found.description else []


async def until(check: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(check):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def states(site: Site) -> set[str]:
    return {row[0] for row in sql(site, "SELECT DISTINCT status FROM webhooks_webhookdelivery")}


@pytest.mark.promise(16)
async def test_20_kills_in_mid_delivery_lose_no_event(
    site: Site, workers: Workers, receiver: Holding
) -> None:
    receiver.hold.set()
    sent = []
    for number in range(KILLS):
        # Each at an endpoint of its own: the jobs of dead workers occupy their endpoint.
        endpoint = await subscribe(site, f"{receiver.url}/{number}")
        event = await ping(site, endpoint)
        sent.append(event)
        if number % 5 == 4:
            victim: Any = in_server(site, number)
        else:
            victim = workers.start()
        await until(lambda event=event: event in receiver.ids())  # type: ignore[misc]
        await asyncio.to_thread(victim.kill)
    # The server that accepted the events, as well.
    await asyncio.to_thread(site.servers[0].kill)
    receiver.hold.clear()
    receiver.requests.clear()
    ended = time.monotonic()
    workers.start()
    await until(lambda: set(sent) <= set(receiver.ids()), AGAIN_SECONDS)
    assert time.monotonic() - ended < AGAIN_SECONDS
    await until(lambda: states(site) == {"succeeded"})


def in_server(site: Site, number: int) -> ServerProcess:
    """Start a server that also runs jobs."""
    log_path = site.servers[0].log_path.with_name(f"jobs-{number}.log")
    server = ServerProcess(log_path, arguments=(), **{**site.environment, "JOBS_IN_SERVER": "1"})
    site._stack.callback(server.kill)
    return server


@pytest.mark.promise(16)
async def test_restart_of_the_database_in_mid_delivery_loses_no_event(
    site: Site, workers: Workers, receiver: Holding
) -> None:
    workers.start()
    receiver.hold.set()
    event = await ping(site, await subscribe(site, receiver.url))
    await until(lambda: receiver.ids() == [event])
    await asyncio.to_thread(site.postgresql.end)
    receiver.hold.clear()
    receiver.release.set()
    await asyncio.sleep(1)
    await asyncio.to_thread(site.postgresql.start_again)
    await until(lambda: receiver.ids().count(event) >= 2, AGAIN_SECONDS)
    await until(lambda: states(site) == {"succeeded"})


@pytest.mark.promise(16)
async def test_two_workers_deliver_each_event_once(
    site: Site, workers: Workers, receiver: Holding
) -> None:
    endpoints = [await subscribe(site, receiver.url) for _ in range(10)]
    sent = [await ping(site, endpoint) for endpoint in endpoints for _ in range(5)]
    for _ in range(2):
        workers.start()
    await until(lambda: states(site) == {"succeeded"})
    assert sorted(receiver.ids()) == sorted(sent)
    workers.running[0].send_signal(signal.SIGTERM)


@pytest.mark.promise(17)
async def test_1000_events_for_a_dead_receiver_delay_no_other(
    site: Site, workers: Workers, receiver: Holding
) -> None:
    receiver.hold.set()
    dead = await subscribe(site, receiver.url)
    with Receiver() as other:
        alive = await subscribe(site, other.url)
        await asyncio.to_thread(sql, site, QUEUE, dead, dead, dead)
        workers.start()
        await until(lambda: len(receiver.requests) == 4)
        took = []
        for number in range(5):
            began = time.monotonic()
            await ping(site, alive)
            await until(lambda count=number: len(other.requests) > count)  # type: ignore[misc]
            took.append(time.monotonic() - began)
        # Behind the dead one, it would be 15.
        assert sorted(took)[2] < 7
    # Four at once, and no more.
    assert len(receiver.requests) == 4
