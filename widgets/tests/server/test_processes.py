"""Two processes on one database and one Redis: a visitor's sockets may be at both."""

import asyncio
import json
from typing import Any

import pytest
import websockets
from django.conf import settings
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.sockets import kinds
from loquent.testing.waiting import WAIT_SECONDS
from widgets.models import WidgetConfig
from widgets.tests.server.test_wire import receive, until

pytestmark = pytest.mark.server


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    assert settings.REDIS_URL, "Processes talk through Redis: run this by `make test`."
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


@pytest.fixture
async def endpoint() -> Any:
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def two(
    live_server_process: StartServer, endpoint: ScriptedEndpoint
) -> tuple[ServerProcess, ServerProcess]:
    def start() -> ServerProcess:
        return live_server_process(OPENAI_BASE_URL=endpoint.base_url, RATE_LIMITS="off")

    return start(), start()


def connect(server: ServerProcess, widget: WidgetConfig, token: str = "") -> Any:
    offered = ["loquent.v2", *([f"loquent.token.{token}"] if token else [])]
    protocols = [Subprotocol(name) for name in offered]
    url = f"{server.socket_url}/api/widget/{widget.widget_id}/ws"
    return websockets.connect(url, subprotocols=protocols, open_timeout=WAIT_SECONDS)


async def say(socket: ClientConnection, content: str) -> None:
    await socket.send(json.dumps({"type": "message", "content": content}))


async def test_tabs_at_two_processes_see_one_conversation(
    two: tuple[ServerProcess, ServerProcess], widget: WidgetConfig
) -> None:
    async with connect(two[0], widget) as here:
        token = (await receive(here))["session_token"]
        async with connect(two[1], widget, token) as there:
            assert (await receive(there))["resumed"] is True
            await say(here, "Hi")
            assert kinds(await until(here, "typing_stop"))[-2:] == ["message", "typing_stop"]
            frames = await until(there, "typing_stop")
            assert kinds(frames) == ["message", "typing_start", "message", "typing_stop"]
            assert [f["seq"] for f in frames if f["type"] == "message"] == [1, 2]


@pytest.mark.promise(6)
async def test_reconnect_to_another_process_resumes_the_answer(
    two: tuple[ServerProcess, ServerProcess], widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    gate = asyncio.Event()
    endpoint.push(tokens("One 😀 ", "two", ".", gate=gate))
    async with connect(two[0], widget) as socket:
        token = (await receive(socket))["session_token"]
        await say(socket, "Hi")
        await until(socket, "delta")
    async with connect(two[1], widget, token) as socket:
        frames = await until(socket, "delta")
        assert kinds(frames) == ["session", "history", "typing_start", "delta"]
        assert (frames[-1]["offset"], frames[-1]["content"]) == (0, "One 😀 ")
        gate.set()
        frames = await until(socket, "typing_stop")
        deltas = [frame for frame in frames if frame["type"] == "delta"]
        assert deltas[0]["offset"] == 7
        assert "".join(frame["content"] for frame in deltas) == "two."
        assert frames[-2]["content"] == "One 😀 two."
    assert len(endpoint.requests) == 1


async def test_stop_works_from_another_process(
    two: tuple[ServerProcess, ServerProcess], widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    endpoint.push(tokens("Half ", "never", gate=asyncio.Event()))
    async with connect(two[0], widget) as socket:
        token = (await receive(socket))["session_token"]
        await say(socket, "Hi")
        await until(socket, "delta")
    async with connect(two[1], widget, token) as socket:
        await until(socket, "delta")
        await socket.send('{"type":"stop"}')
        message = (await until(socket, "typing_stop"))[-2]
        assert (message["content"], message["status"]) == ("Half", "stopped")
    await asyncio.wait_for(endpoint.requests[0].client_closed.wait(), WAIT_SECONDS)


async def test_session_runs_one_turn_at_a_time_across_processes(
    two: tuple[ServerProcess, ServerProcess], widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    gate = asyncio.Event()
    endpoint.push(tokens("First", ".", gate=gate), tokens("Sec", "ond."))
    async with connect(two[0], widget) as here:
        token = (await receive(here))["session_token"]
        await say(here, "One")
        await until(here, "delta")
        async with connect(two[1], widget, token) as there:
            await until(there, "delta")
            await say(there, "Two")
            await until(there, "ack")
            assert len(endpoint.requests) == 1
            gate.set()
            await until(there, "typing_stop")
            # The process that wrote the first answer writes the second; its words come here.
            frames = await until(there, "typing_stop")
            assert kinds(frames)[0] == "typing_start"
            assert frames[-2]["content"] == "Second."
    assert len(endpoint.requests) == 2


async def test_a_new_conversation_reaches_both_processes(
    two: tuple[ServerProcess, ServerProcess], widget: WidgetConfig
) -> None:
    async with connect(two[0], widget) as here:
        token = (await receive(here))["session_token"]
        async with connect(two[1], widget, token) as there:
            await receive(there)
            await there.send('{"type":"new_conversation"}')
            tokens_ = {(await receive(socket))["session_token"] for socket in (here, there)}
            assert len(tokens_) == 1
            assert token not in tokens_
            for content in ("Fresh", "And more"):
                await say(here, content)
                answer = kinds(await until(here, "typing_stop"))
                assert (answer[:2], answer[-2:]) == (
                    ["ack", "typing_start"], ["message", "typing_stop"],
                )  # fmt: skip
            # The other process follows the new session in a moment; what it missed until then is
            # shown once it hears of something later.
            seen: list[int] = []
            while len(seen) < 4:
                seen.append((await until(there, "message"))[-1]["seq"])
            assert sorted(seen) == [1, 2, 3, 4]


async def test_answer_is_regenerated_by_another_process(
    two: tuple[ServerProcess, ServerProcess], widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    endpoint.push(tokens("First", "."), tokens("Sec", "ond."))
    async with connect(two[0], widget) as here:
        token = (await receive(here))["session_token"]
        await say(here, "Hi")
        first = (await until(here, "typing_stop"))[-2]
        async with connect(two[1], widget, token) as there:
            await until(there, "history")
            await there.send(json.dumps({"type": "regenerate", "message_id": first["id"]}))
            frames = await until(there, "typing_stop")
            assert kinds(frames)[:2] == ["typing_start", "delta"]
            second = frames[-2]
            assert (second["seq"], second["content"]) == (first["seq"], "Second.")
            frames = await until(here, "typing_stop")
            assert kinds(frames) == ["typing_start", "message", "typing_stop"]
            assert frames[1] == second
            # It is used up, wherever one asks.
            for socket in (here, there):
                await socket.send(json.dumps({"type": "regenerate", "message_id": first["id"]}))
                assert (await receive(socket))["code"] == "forbidden"
    assert len(endpoint.requests) == 2
