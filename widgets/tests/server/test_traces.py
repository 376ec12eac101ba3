"""Traces as a collector receives them, and the log lines that belong to them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import websockets
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from websockets.typing import Subprotocol

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import refuse, tokens
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process import plain_environment
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig, WidgetSession
from widgets.tests.server.test_wire import receive, until

pytestmark = pytest.mark.server
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@dataclass
class Span:
    name: str
    id: str
    parent: str
    trace: str
    attributes: dict[str, str | int]
    events: list[str]
    is_error: bool


@dataclass
class Collector:
    """OTLP over HTTP, as a collector speaks it."""

    url: str = ""
    raw: bytes = b""
    spans: list[Span] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw += body
        message = ExportTraceServiceRequest.FromString(body)
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                self.spans += [
                    Span(
                        name=span.name,
                        id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        trace=span.trace_id.hex(),
                        attributes={
                            a.key: a.value.string_value or a.value.int_value
                            for a in span.attributes
                        },
                        events=[event.name for event in span.events],
                        is_error=span.status.code == 2,
                    )
                    for span in scope.spans
                ]
        return web.Response(body=b"", content_type="application/x-protobuf")

    def one(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    collector.url = f"http://127.0.0.1:{port}"
    yield collector
    await runner.cleanup()


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


async def test_conversation_is_traced(
    live_server_process: StartServer, widget: WidgetConfig, collector: Collector
) -> None:
    async with ScriptedEndpoint() as endpoint:
        endpoint.push(tokens("The secret ", "answer."), *[refuse(400)] * 9)
        server = live_server_process(
            OPENAI_BASE_URL=endpoint.base_url,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            LOG_FORMAT="json",
            LIMIT_TURN_RETRIES="0",
            PYTHONWARNINGS="ignore",
        )
        async with aiohttp.ClientSession() as client:
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "from-the-proxy"}
            config = f"{server.url}/api/widget/{widget.widget_id}/config"
            async with client.get(config, headers=headers) as response:
                assert response.headers["X-Request-ID"] == "from-the-proxy"
        socket = await websockets.connect(
            f"{server.socket_url}/api/widget/{widget.widget_id}/ws",
            subprotocols=[Subprotocol("loquent.v2")],
            additional_headers={"X-Request-ID": "socket-1"},
        )
        assert socket.response is not None
        assert socket.response.headers["X-Request-ID"] == "socket-1"
        token = (await receive(socket))["session_token"]
        await socket.send('{"type":"message","content":"my secret question"}')
        reply = (await until(socket, "typing_stop"))[-2]
        again = {"type": "regenerate", "message_id": reply["id"]}
        await socket.send(json.dumps(again))
        await until(socket, "typing_stop")
        await socket.send('{"type":"message","content":"another"}')
        await until(socket, "typing_stop")
        await socket.close()
        await asyncio.to_thread(server.terminate)
    session = str((await in_database(WidgetSession.objects.get)).id)

    request = collector.one("GET widget-config")
    assert (request.trace, request.parent) == (TRACE, PARENT)
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["loquent.request_id"] == "from-the-proxy"
    opening = collector.one("socket opening")
    below = {span.name for span in collector.spans if span.parent == opening.id}
    assert below == {"database open_session", "database load_chat"}
    messages = [span for span in collector.spans if span.name == "message"]
    turns = [span for span in collector.spans if span.name == "turn"]
    calls = [span for span in collector.spans if span.name == "model call"]
    wishes = [messages[0], collector.one("regenerate"), messages[1]]
    assert [turn.parent for turn in turns] == [wish.id for wish in wishes]
    assert [call.parent for call in calls] == [turn.id for turn in turns]
    assert [turn.attributes["loquent.outcome"] for turn in turns] == [
        "complete",
        "failed",
        "failed",
    ]
    assert [call.is_error for call in calls] == [False, True, True]
    assert calls[0].events == ["first token"]
    assert calls[0].attributes["gen_ai.usage.output_tokens"] == 3
    assert {span.attributes["loquent.session_id"] for span in [*messages, *turns]} == {session}
    assert {span.attributes["loquent.request_id"] for span in [*messages, *turns]} == {"socket-1"}
    below = {span.name for span in collector.spans if span.parent == turns[0].id}
    assert {"database finish_turns", "model call"} <= below
    # What runs every second by itself is in no trace.
    assert not [span for span in collector.spans if span.name == "database settle_orphans"]
    for secret in (token, "secret", widget.widget_id, "127.0.0.1"):
        assert secret.encode() not in collector.raw

    lines = [json.loads(line) for line in server.log().splitlines()]
    _, failed = [line for line in lines if line["message"].startswith("A turn failed")]
    assert failed["session_id"] == session
    assert failed["request_id"] == "socket-1"
    assert (failed["trace_id"], failed["span_id"]) == (turns[2].trace, turns[2].id)
    assert token not in server.log()


def test_server_runs_without_opentelemetry() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None; import loquent.asgi; "
        "sys.exit('loquent.telemetry.otel' in sys.modules)"
    )
    environment = plain_environment(DEBUG="1", DATABASE_URL="sqlite://:memory:")
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
