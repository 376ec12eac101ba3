"""A server that is called can't keep the event loop busy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import aiohttp
import pytest

from loquent.egress.connecting import MOST_INTERIM_RESPONSES, guarded_session
from loquent.egress.urls import EgressRules
from loquent.testing.waiting import WAIT_SECONDS

RULES = EgressRules(networks=[ip_network("127.0.0.0/8")], allow_http=True)
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def serve(answer: bytes) -> AsyncIterator[str]:
    """Answer each request of each connection with these bytes; yield the URL."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.fixture(params=[False, True], ids=["one request", "kept alive"])
async def get(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """Return a function that returns the body at a URL."""
    async with guarded_session(RULES, seconds=20, keeps_alive=request.param) as session:

        async def fetch(url: str) -> str:
            async with session.get(url, allow_redirects=False) as response:
                return await response.text()

        yield fetch


@pytest.mark.promise(17)
async def test_endless_interim_responses_end_the_request(
    get: Callable[[str], Awaitable[str]],
) -> None:
    async with serve(EARLY_HINTS * (MOST_INTERIM_RESPONSES + 1)) as url:
        with pytest.raises(aiohttp.ClientPayloadError):
            await get(url)


async def test_some_interim_responses_precede_each_response(
    get: Callable[[str], Awaitable[str]],
) -> None:
    async with serve(EARLY_HINTS * MOST_INTERIM_RESPONSES + FINAL) as url:
        assert [await get(url) for _ in range(3)] == ["ok"] * 3


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"Content-Length: 2\r\n\r\nok, and more", "ok"),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nXYZ\r\n", None),
        (b"Transfer-Encoding: chunked\r\n\r\n-5\r\nok", None),
    ],
    ids=["more than its length", "garbage behind a chunk", "negative size"],
)
async def test_malformed_body_does_not_hide_the_status(answer: bytes, body: str | None) -> None:
    session = guarded_session(RULES, seconds=WAIT_SECONDS)
    async with serve(b"HTTP/1.1 200 OK\r\n" + answer) as url, session:
        for _ in range(2):
            async with session.get(url) as response:
                assert response.status == 200
                if body is None:
                    with pytest.raises(aiohttp.ClientPayloadError):
                        await response.text()
                else:
                    assert await response.text() == body
