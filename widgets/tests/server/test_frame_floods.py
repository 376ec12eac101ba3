"""Frames that the application never sees end the connection before they hold up the server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import WAIT_SECONDS
from widgets.models import WidgetConfig

pytestmark = pytest.mark.server
# Opcodes with a mask of zeros, as clients have to send them.
TEXT_BEGINS = b"\x01\x81\0\0\0\0a"
EMPTY_FRAGMENT = b"\x00\x80\0\0\0\0"
PING = b"\x89\xfd\0\0\0\0" + b"x" * 125
PONG = b"\x8a\xfd\0\0\0\0" + b"x" * 125
MOST_BYTES = 100_000_000


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="builtin:knowledge"))


@pytest.fixture
def server(live_server_process: StartServer) -> ServerProcess:
    return live_server_process()


@pytest.fixture
async def connection(
    server: ServerProcess, widget: WidgetConfig
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """An open socket of a visitor, byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET /api/widget/{widget.widget_id}/ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_SECONDS)
    assert answer.startswith(b"HTTP/1.1 101")
    yield reader, writer
    writer.close()


async def flood(writer: asyncio.StreamWriter, block: bytes) -> None:
    """Send a block again and again, until MOST_BYTES are sent or the connection is gone."""
    for _ in range(MOST_BYTES // len(block)):
        writer.write(block)
        await asyncio.wait_for(writer.drain(), WAIT_SECONDS)
        # Lets the loop notice that the connection is gone.
        await asyncio.sleep(0)


async def until(reader: asyncio.StreamReader, text: bytes, *, times: int = 1) -> None:
    """Read until the text has come so often."""
    received = b""
    while received.count(text) < times:
        piece = await asyncio.wait_for(reader.read(65_536), WAIT_SECONDS)
        assert piece, "The server closed the connection."
        received += piece


@pytest.mark.parametrize(
    ("first", "frame"),
    [(TEXT_BEGINS, EMPTY_FRAGMENT), (b"", PING), (b"", PONG)],
    ids=["empty fragments", "pings that nobody reads", "pongs"],
)
async def test_flood_of_frames_closes_the_connection(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], first: bytes, frame: bytes
) -> None:
    _, writer = connection
    writer.write(first)
    with pytest.raises(ConnectionError):
        await flood(writer, frame * 1_000)


async def test_occasional_pings_are_allowed(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    reader, writer = connection
    writer.write(PING * 50)
    await until(reader, b"x" * 125, times=50)


async def test_fragmented_message_is_accepted(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    reader, writer = connection
    content = b'{"type":"ping"}'
    pieces = [content[at : at + 1] for at in range(len(content))]
    frames = [b"\x01\x81\0\0\0\0" + pieces[0]]
    frames += [b"\x00\x81\0\0\0\0" + piece for piece in pieces[1:-1]]
    frames.append(b"\x80\x81\0\0\0\0" + pieces[-1])
    writer.write(b"".join(frames))
    # Only v2 knows pings.
    await until(reader, b'"unsupported_frame"')
