"""The wire at a real server: what only the server and the network between can get wrong."""

import asyncio
import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import WAIT_SECONDS
from widgets.models import WidgetConfig

pytestmark = pytest.mark.server
SECRET_TEXT = "a word that no log may show"


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


def connect(server: ServerProcess, widget: WidgetConfig, query: str = "", **how: Any) -> Any:
    return websockets.connect(
        f"{server.socket_url}/api/widget/{widget.widget_id}/ws{query}",
        open_timeout=WAIT_SECONDS,
        **how,
    )


async def receive(socket: ClientConnection) -> dict[str, Any]:
    """The next frame, except those that say who has the conversation."""
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), WAIT_SECONDS))
        if frame["type"] != "conversation":
            return frame


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    frames = [await receive(socket)]
    while frames[-1]["type"] != kind:
        frames.append(await receive(socket))
    return frames


def raw_handshake(server: ServerProcess, path: str, origin: bytes | None = None) -> int:
    """The HTTP status of a WebSocket handshake with bytes that no library would send."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=WAIT_SECONDS)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    for name, value in (
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ):
        connection.putheader(name, value)
    if origin is not None:
        connection.putheader("Origin", origin)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


async def test_chat_works_and_logs_contain_no_message_text(
    live_server_process: StartServer, widget: WidgetConfig
) -> None:
    async with ScriptedEndpoint() as endpoint:
        server = live_server_process(
            OPENAI_BASE_URL=endpoint.base_url, OPENAI_API_KEY="sk-not-to-be-logged"
        )
        endpoint.push(tokens("An answer that ", SECRET_TEXT))
        async with connect(server, widget, subprotocols=["loquent.v2"]) as socket:
            token = (await receive(socket))["session_token"]
            await socket.send(json.dumps({"type": "message", "content": SECRET_TEXT}))
            frames = await until(socket, "typing_stop")
            assert frames[-2]["content"] == f"An answer that {SECRET_TEXT}"
        async with connect(server, widget, f"?token={token}") as socket:
            assert (await receive(socket))["session_token"] == token
            assert len((await receive(socket))["messages"]) == 2
        for path in (f"/api/widget/{widget.widget_id}/ws", "/nowhere"):
            await asyncio.to_thread(raw_handshake, server, f"{path}?token={token}")
        assert await asyncio.to_thread(server.terminate) == 0
    log = server.log()
    for secret in (token, SECRET_TEXT, "sk-not-to-be-logged", "Traceback"):
        assert secret not in log


async def test_refusals_are_http_403_or_404_and_never_500(
    live_server_process: StartServer, widget: WidgetConfig
) -> None:
    origins = ["https://shop.example.com"]
    await in_database(WidgetConfig.objects.update, allowed_origins=origins)
    server = live_server_process()
    path = f"/api/widget/{widget.widget_id}/ws"
    assert await asyncio.to_thread(raw_handshake, server, path, b"https://shop.example.com") == 101
    for origin in (
        None,
        b"null",
        b"https://evil.test",
        b"\xff\xfe",
        "https://shöp.example.com".encode(),
        b"https://shop.example.com\t",
        b"https://shop.example.com:99999",
        b"https://evil.test\\@shop.example.com",
        b"x" * 5_000,
    ):
        status = await asyncio.to_thread(raw_handshake, server, path, origin)
        assert status in (400, 403) or origin == b"https://shop.example.com\t", origin
    for other in (
        "/api/widget/wid_unknown/ws",
        "/api/widget/embed.js",
        "/",
        "/ws",
        "/api/widget//ws",
        "/api/widget/%00/ws",
        "/api/widget/%ff%fe/ws",
        "/api/widget/" + "w" * 4_000 + "/ws",
    ):
        assert await asyncio.to_thread(raw_handshake, server, other) in (403, 404), other
    server.terminate()
    assert "Traceback" not in server.log()


async def test_close_codes_reach_the_client(
    live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    async with connect(server, widget) as socket:
        await socket.send("x" * 65_537)
        with pytest.raises(websockets.ConnectionClosed):
            await until(socket, "never")
        assert socket.close_code == 1009
    async with connect(server, widget) as socket:
        await receive(socket)
        for _ in range(10):
            await socket.send("not json")
        with pytest.raises(websockets.ConnectionClosed):
            await until(socket, "never")
        assert socket.close_code == 4400
    async with connect(server, widget) as socket:
        await receive(socket)
        ended = asyncio.create_task(asyncio.to_thread(server.terminate))
        with pytest.raises(websockets.ConnectionClosed):
            await until(socket, "never")
        assert socket.close_code in (1001, 1012)
        assert await ended == 0
    assert "Traceback" not in server.log()


async def test_no_compression_is_negotiated(
    live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    async with connect(server, widget, compression="deflate") as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_acked_message_survives_a_crash_and_is_answered(
    live_server_process: StartServer, widget: WidgetConfig, tmp_path: Path
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("Half ", "an answer", gate=asyncio.Event()))
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        async with connect(server, widget, subprotocols=["loquent.v2"]) as socket:
            token = (await receive(socket))["session_token"]
            await socket.send('{"type":"message","content":"Hi","client_message_id":"k"}')
            ack = await receive(socket)
            await until(socket, "delta")
            await asyncio.to_thread(server.kill)
        # Else it may be whole before the visitor is back.
        gate = asyncio.Event()
        endpoint.push(tokens("Wh", "ole.", gate=gate))
        again = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        protocols = ["loquent.v2", f"loquent.token.{token}"]
        async with connect(again, widget, subprotocols=protocols) as socket:
            assert (await receive(socket))["resumed"] is True
            first = (await receive(socket))["messages"][0]
            assert (first["id"], first["seq"]) == (ack["id"], ack["seq"])
            gate.set()
            # The protocol promises ten seconds; the machine may be busy.
            async with asyncio.timeout(WAIT_SECONDS):
                frames = await until(socket, "typing_stop")
            assert frames[-2]["content"] == "Whole."
            await socket.send('{"type":"message","content":"Hi","client_message_id":"k"}')
            assert await receive(socket) == ack
