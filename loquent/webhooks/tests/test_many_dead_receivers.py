"""Receivers that never answer leave places for the others."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from loquent.db.threads import in_database
from loquent.jobs.models import Job
from loquent.jobs.runner import JobRunner
from loquent.organizations.models import Organization
from loquent.testing.receiver import Receiver
from loquent.testing.threads import settle_database_threads
from loquent.testing.waiting import WAIT_SECONDS, eventually
from loquent.webhooks import transport
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.events import record_events, send_ping
from loquent.webhooks.tasks import AT_ONCE, PLACES
from loquent.webhooks.types import EventType, NewEvent

DEAD = 60


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a receiver that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
async def runner(transactional_db: None) -> AsyncIterator[JobRunner]:
    found = JobRunner()
    yield found
    await found.drain(grace_seconds=0)
    settle_database_threads()


@pytest.mark.costly
@pytest.mark.promise(17)
@pytest.mark.parametrize("has_worked", [False, True])
async def test_many_dead_receivers_delay_no_other(
    runner: JobRunner,
    silent: str,
    receiver: Receiver,
    subscribe: Callable[..., WebhookEndpoint],
    acme: Organization,
    has_worked: bool,
) -> None:
    def prepare() -> WebhookEndpoint:
        other = subscribe(events=["ping"])
        dead = [WebhookEndpoint(organization=acme, url=silent, events=["*"]) for _ in range(DEAD)]
        WebhookEndpoint.objects.bulk_create(dead)
        record_events([NewEvent(EventType.MESSAGE_CREATED, acme.id) for _ in range(5)])
        if has_worked:
            WebhookEndpoint.objects.filter(id=other.id).update(last_success_at=other.created_at)
        return other

    other = await in_database(prepare)
    runner.start()

    async def dead_ones_are_called() -> None:
        assert await Job.objects.filter(state="running").acount() >= DEAD

    await eventually(dead_ones_are_called)
    began = time.monotonic()
    await in_database(send_ping, endpoint=other)
    async with asyncio.timeout(WAIT_SECONDS):
        while not receiver.requests:  # noqa: ASYNC110 - filled by another thread
            await asyncio.sleep(0.01)
    assert time.monotonic() - began < transport.TIMEOUT_SECONDS / 2
    running = Job.objects.filter(state="running")
    groups = [group async for group in running.values_list("group", flat=True)]
    assert len(groups) <= PLACES // 2
    assert max(groups.count(group) for group in groups) <= AT_ONCE
    assert await WebhookDelivery.objects.exclude(status="pending").acount() <= 1
