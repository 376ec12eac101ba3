"""Promise 13: memory per client is bounded."""

import asyncio
import json
import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from loquent.agents.tests.endpoint_scripts import huge
from widgets.tests.faults.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.promise(13)]
MEBIBYTE = 1024 * 1024


def resident(pid: int) -> int:
    """The resident memory of a process in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def deaf_socket(site: Site) -> socket.socket:
    """A WebSocket that never reads after the handshake, with small buffers of its own."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect(("127.0.0.1", site.servers[0].port))
    handshake = (
        f"GET /api/widget/{site.widget['widget_id']}/ws HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: loquent.v2\r\n\r\n"
    )
    connection.sendall(handshake.encode())
    assert b" 101 " in connection.recv(64)
    return connection


def masked(frame: dict[str, str]) -> bytes:
    """A text frame as a client sends it, masked with zeros."""
    payload = json.dumps(frame).encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


async def test_two_thousand_idle_sockets_need_bounded_memory() -> None:
    async with Site(LIMIT_SOCKETS_PER_IP="0") as site:
        await (await site.visit()).leave()
        pid = site.servers[0].process.pid
        before = resident(pid)
        visitors = [await site.visit() for _ in range(2_000)]
        grown = resident(pid) - before
        assert grown / len(visitors) < 100 * 1024
        assert len(visitors) == 2_000


async def test_ten_megabyte_answer_to_a_slow_reader_needs_bounded_memory() -> None:
    async with Site(LIMIT_ANSWER_CHARS="0", LIMIT_TURN_TOTAL_SECONDS="20") as site:
        site.endpoint.by_model["tokens"] = huge(10_000_000)
        pid = site.servers[0].process.pid
        reading = await site.visit()
        before = resident(pid)
        connections = [await asyncio.to_thread(deaf_socket, site) for _ in range(5)]
        for connection in connections:
            await asyncio.to_thread(
                connection.sendall, masked({"type": "message", "content": "Tell me all"})
            )
        await site.endpoint.wait_for_requests(5)
        # The server serves others meanwhile.
        for _ in range(50):
            await reading.send({"type": "ping"})
            await reading.until("pong")
        most = 0
        # While the five are written to the database, all at once, there are several copies.
        async with asyncio.timeout(60):
            while await ended(site) < 5 or resident(pid) - before > 150 * MEBIBYTE:
                most = max(most, resident(pid) - before)
                await asyncio.sleep(0.1)
        assert most < 400 * MEBIBYTE
        for connection in connections:
            connection.close()


async def ended(site: Site) -> int:
    """The conversations with an answer that has ended."""
    found = await site.call("GET", "sessions/")
    return sum(session["last_answer"] is not None for session in found["results"])


async def test_flood_of_frames_is_ended() -> None:
    async with Site(RATE_LIMITS="on") as site:
        pid = site.servers[0].process.pid
        visitor = await site.visit()
        before = resident(pid)
        flood = masked({"type": "ping"}) * 5_000
        connection = await asyncio.to_thread(deaf_socket, site)
        # It may be closed while we are at it, as it should be.
        with suppress(OSError):
            await asyncio.to_thread(connection.sendall, flood)
        await visitor.send({"type": "ping"})
        assert (await visitor.until("pong"))[-1]["type"] == "pong"
        assert resident(pid) - before < 50 * MEBIBYTE
        connection.close()
