"""How many requests Django handles at once, and what becomes of the others."""

import asyncio
import json
from typing import Any

import pytest

from loquent.server import request_limits
from loquent.server.request_limits import RequestLimits
from loquent.server.slots import Slots
from loquent.tests.edge_requests import AGENTS, KEY, KIB, LOGIN, Application, Client

LONG = 60.0


@pytest.fixture
def django() -> Application:
    django = Application()
    django.gate = asyncio.Event()
    return django


def slots(size: int, *, waiting: int = 100, seconds: float = LONG) -> Slots:
    return Slots(size, most_waiting=waiting, wait_seconds=seconds)


async def until_idle() -> None:
    """Let every task run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_excess_requests_wait(django: Application) -> None:
    edge = RequestLimits(django, requests=slots(3))
    clients = [Client(LOGIN) for _ in range(10)]
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.ask(edge))
        await until_idle()
        assert django.running == 3
        assert django.gate is not None
        django.gate.set()
    assert [client.status for client in clients] == [200] * 10
    assert django.most_running == 3


@pytest.mark.parametrize("slots_", [slots(1, waiting=0), slots(1, seconds=0.01)])
async def test_busy_process_returns_503(django: Application, slots_: Slots) -> None:
    edge = RequestLimits(django, requests=slots_)
    async with asyncio.TaskGroup() as group:
        first = Client(LOGIN)
        group.create_task(first.ask(edge))
        await django.started.wait()
        second = Client("/api/v1/widgets/", b"{}")
        assert await second.ask(edge) == 503
        assert second.headers[b"retry-after"] == b"5"
        # Its body is complete: the connection may go on.
        assert b"connection" not in second.headers
        assert json.loads(second.body)["code"] == "unavailable"
        assert django.gate is not None
        django.gate.set()
    assert first.status == 200
    assert await Client(LOGIN).ask(edge) == 200
    assert edge.memory.small.used == 0


async def test_slow_body_holds_no_slot(django: Application) -> None:
    edge = RequestLimits(django, requests=slots(1, waiting=0))
    assert django.gate is not None
    django.gate.set()
    slow = Client(LOGIN, b"x", length=1_000, ends=False)
    task = asyncio.create_task(slow.ask(edge))
    await slow.is_quiet.wait()
    assert await Client(LOGIN).ask(edge) == 200
    task.cancel()


async def test_few_large_bodies_are_handled_at_once(django: Application) -> None:
    edge = RequestLimits(django, requests=slots(10), large=slots(2))
    large = [Client(AGENTS, b"x" * 65 * KIB, headers=[KEY]) for _ in range(5)]
    small = [Client(LOGIN) for _ in range(3)]
    async with asyncio.TaskGroup() as group:
        for client in (*large, *small):
            group.create_task(client.ask(edge))
        await until_idle()
        assert django.running == 2 + 3
        assert django.gate is not None
        django.gate.set()
    assert {client.status for client in (*large, *small)} == {200}


async def test_response_being_sent_holds_no_slot(
    django: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_limits, "SENDING_SECONDS", 0)
    edge = RequestLimits(django, requests=slots(1, seconds=LONG), large=slots(1, seconds=LONG))
    django.after_start = asyncio.Event()
    assert django.gate is not None
    django.gate.set()
    async with asyncio.TaskGroup() as group:
        clients = [Client(AGENTS, b"x" * 65 * KIB, headers=[KEY]) for _ in range(4)]
        tasks = [group.create_task(client.ask(edge)) for client in clients]
        for client in clients:
            await client.is_answered.wait()
        assert django.running == 4
        # What they hold in memory still counts.
        assert edge.memory.large.used == 4 * 65 * KIB
        django.after_start.set()
        await asyncio.gather(*tasks)
    assert edge.memory.large.used == 0


async def test_failed_request_releases_its_slot() -> None:
    async def fail(scope: object, receive: object, send: object) -> None:
        raise ValueError("a fault")

    edge = RequestLimits(fail, requests=slots(1, waiting=0))
    for _ in range(3):
        with pytest.raises(ValueError, match="a fault"):
            await Client(LOGIN).ask(edge)


async def test_cancelled_waiter_does_not_lose_a_slot() -> None:
    one = slots(1)
    assert await one.enter()
    waiters = [asyncio.create_task(one.enter()) for _ in range(3)]
    await until_idle()
    # One before its turn, one in the very moment in which it got the slot.
    waiters[0].cancel()
    await until_idle()
    one.leave()
    waiters[1].cancel()
    await until_idle()
    assert waiters[0].cancelled()
    assert waiters[1].cancelled()
    assert await waiters[2]
    one.leave()
    assert await one.enter()
    assert not await slots(0, waiting=0).enter()


async def test_long_content_type_is_refused_before_django_parses_it() -> None:
    django = Application()
    edge = RequestLimits(django)
    long = (b"content-type", b'a/b; x="' + b";" * 600)
    client = Client("/api/widget/embed.js", headers=[long], method="GET")
    assert await client.ask(edge) == 415
    browser = Client(LOGIN, b"x", headers=[long, (b"accept", b"text/html,*/*")])
    assert await browser.ask(edge) == 415
    assert b"longer than 512 characters" in b"".join(e.get("body", b"") for e in browser.sent)
    assert django.bodies == []
    usual = (b"content-type", b"multipart/form-data; boundary=" + b"-" * 70)
    assert await Client(LOGIN, b"x", headers=[usual]).ask(edge) == 200


@pytest.mark.parametrize(
    ("method", "pieces", "headers", "length", "declared"),
    [
        ("PATCH", [b"abc"], [], 3, [b"3"]),
        ("PATCH", [b"a", b"bc"], [(b"transfer-encoding", b"chunked")], None, [b"3"]),
        ("PATCH", [b"a", b"", b"bc", b""], [], None, [b"3"]),
        ("POST", [b""], [(b"transfer-encoding", b"chunked")], None, []),
        ("POST", [b""], [], 0, []),
        ("GET", [b"abc"], [], 3, []),
    ],
)
async def test_django_is_given_the_length_of_the_body_that_arrived(
    method: str,
    pieces: list[bytes],
    headers: list[tuple[bytes, bytes]],
    length: int | None,
    declared: list[bytes],
) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scopes.append(scope)

    client = Client(AGENTS, *pieces, headers=headers, length=length, method=method)
    await client.ask(RequestLimits(application))
    [scope] = scopes
    given = dict(scope["headers"])
    assert [v for name, v in scope["headers"] if name == b"content-length"] == declared
    assert b"transfer-encoding" not in given
    assert given[b"host"] == b"127.0.0.1:8000"


@pytest.mark.parametrize(
    ("method", "coding", "status"),
    [
        ("POST", b"gzip", 415),
        ("PATCH", b"br", 415),
        ("PUT", b"identity, gzip", 415),
        ("POST", b"identity", 200),
        ("POST", b"Identity", 200),
        ("GET", b"gzip", 200),
    ],
)
async def test_compressed_body_is_refused(method: str, coding: bytes, status: int) -> None:
    client = Client(AGENTS, b"x", headers=[(b"content-encoding", coding)], method=method)
    assert await client.ask(RequestLimits(Application())) == status
    assert (b"Send the body uncompressed." in client.body) is (status == 415)
