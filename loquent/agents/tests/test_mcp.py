"""Lists and calls the tools of MCP servers, in both revisions of the protocol."""

import gzip
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from loquent.agents.actions import mcp
from loquent.agents.actions.mcp import McpError, call_tool, list_tools
from loquent.agents.actions.mcp_wire import header_value
from loquent.agents.tests.mcp_server import LOCAL, SCHEMA, Exchange, McpServer, event
from loquent.egress.urls import EgressRules

NOTHING: dict[str, str] = {}
SECRET = {"Authorization": "Bearer very-secret"}
HANDSHAKE = ["initialize", "notifications/initialized"]


async def called(server: McpServer, name: str = "order_status", **more: Any) -> str:
    arguments = {"order_number": "NT-7"}
    return await call_tool(server.url, SECRET, name, arguments, rules=LOCAL, **more)


async def problem(server: McpServer, **more: Any) -> McpError:
    with pytest.raises(McpError) as caught:
        await called(server, **more)
    assert "very-secret" not in f"{caught.value} {caught.value.detail}"
    return caught.value


@pytest.mark.parametrize("is_streaming", [False, True], ids=["json", "events"])
@pytest.mark.parametrize("is_stateless", [False, True], ids=["handshake", "stateless"])
async def test_tools_are_listed_and_called(is_stateless: bool, is_streaming: bool) -> None:
    with McpServer(is_stateless=is_stateless, is_streaming=is_streaming).running() as server:
        tools = await list_tools(server.url, SECRET, rules=LOCAL)
        assert tools == [
            {
                "name": "order_status",
                "title": "Order status",
                "description": "Where is my order?",
                "parameters": SCHEMA,
                "is_read_only": True,
            },
            {
                "name": "cancel_order",
                "title": "",
                "description": "",
                "parameters": SCHEMA,
                "is_read_only": False,
            },
        ]
        server.seen.clear()
        assert await called(server, key="key-1") == '{"status": "shipped"}'
    opening = ["initialize"] if is_stateless else HANDSHAKE
    closing = [] if is_stateless else ["DELETE"]
    assert server.methods == [*opening, "tools/call", *closing]
    (call,) = server.calls()
    assert (call["name"], call["arguments"]) == ("order_status", {"order_number": "NT-7"})
    # The key belongs to the call: a gateway would answer each further request with its response.
    keys = [each.headers.get("idempotency-key") for each in server.seen]
    assert keys == [None] * len(opening) + ["key-1"] + [None] * len(closing)
    assert {each.headers["authorization"] for each in server.seen} == {"Bearer very-secret"}


def send(status: int, body: bytes = b"", **headers: str) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send(status, body, **headers)


def send_events(*pieces: bytes) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send(200, b"".join(pieces), Content_Type="text/event-stream")


def hang_up(exchange: Exchange) -> None:
    exchange.handler.connection.shutdown(socket.SHUT_RDWR)
    exchange.handler.close_connection = True


def huge(exchange: Exchange) -> None:
    exchange.send_json(200, exchange.result({"content": [{"type": "text", "text": "x" * 70_000}]}))


def deep(exchange: Exchange) -> None:
    exchange.send(200, b"[" * 30_000 + b"]" * 30_000, Content_Type="application/json")


def foreign_id(exchange: Exchange) -> None:
    exchange.send_json(200, exchange.result({"content": []}) | {"id": 999})


def not_a_result(exchange: Exchange) -> None:
    exchange.send_json(200, exchange.result("done"))


def zipped(exchange: Exchange) -> None:
    body = gzip.compress(json.dumps(exchange.result({"content": []})).encode())
    exchange.send(200, body, Content_Type="application/json", Content_Encoding="gzip")


JSON = "application/json"
# What a server answers, what is wrong with it, and whether a tool may have run if a call gets this.
FAULTS: list[tuple[str, Callable[[Exchange], None], str, bool]] = [
    ("page", send(200, b"<h1>Shop</h1>", Content_Type="text/html"), "not_mcp", True),
    ("404", send(404, b"Not found", Content_Type="text/html"), "not_mcp", False),
    ("405", send(405), "not_mcp", False),
    ("redirect", send(307, Location="/elsewhere"), "not_mcp", False),
    ("401", send(401), "auth", False),
    ("403", lambda each: each.send_json(403, each.error(-32000)), "auth", False),
    ("429", send(429), "busy", False),
    ("500", send(500), "server", True),
    ("503", send(503, b"<h1>Down</h1>", Content_Type="text/html"), "server", True),
    ("other JSON", send(200, b'{"ok": true}', Content_Type=JSON), "not_mcp", True),
    ("half JSON", send(200, b'{"jsonrpc": "2.0", "id"', Content_Type=JSON), "not_mcp", True),
    ("a string", not_a_result, "not_mcp", True),
    ("accepted", send(202), "not_mcp", True),
    ("no event", send_events(b": nothing\n\n"), "not_mcp", True),
    ("odd events", send_events(b"data: {\n\n", event([]), event("x")), "not_mcp", True),
    ("another's answer", foreign_id, "not_mcp", True),
    ("deep", deep, "not_mcp", True),
    ("compressed", zipped, "not_mcp", True),
    ("hang up", hang_up, "server", True),
]


@pytest.mark.parametrize(("name", "fault", "kind", "is_open"), FAULTS, ids=[f[0] for f in FAULTS])
async def test_fault_is_named_and_says_whether_the_tool_may_have_run(
    name: str, fault: Callable[[Exchange], None], kind: str, is_open: bool
) -> None:
    def breaks_all(exchange: Exchange) -> bool:
        fault(exchange)
        return True

    def breaks_the_call(exchange: Exchange) -> bool:
        if exchange.method == "tools/call":
            fault(exchange)
        return exchange.method == "tools/call"

    with McpServer(breaks=breaks_all).running() as server:
        error = await problem(server)
        assert (error.kind, error.is_unknown) == (kind, False)
        assert "tools/call" not in server.methods or name in {"404", "405"}
        server.breaks = breaks_the_call
        server.seen.clear()
        error = await problem(server)
    assert (error.kind, error.is_unknown) == (kind, is_open)
    assert server.methods.count("tools/call") == 1


async def test_redirect_is_not_followed() -> None:
    with McpServer().running() as inside:

        def lead_there(exchange: Exchange) -> bool:
            exchange.send(308, Location=inside.url)
            return True

        with McpServer(breaks=lead_there).running() as server:
            error = await problem(server)
    assert "redirects to another" in str(error)
    assert inside.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "inside.example"])
async def test_private_address_is_never_connected_to(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(name: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with McpServer().running() as server:
        server.url = server.url.replace("127.0.0.1", host)
        for rules in (EgressRules(allow_http=True), EgressRules()):
            with pytest.raises(McpError) as caught:
                await list_tools(server.url, SECRET, rules=rules)
            assert caught.value.kind == "address"
    assert server.seen == []


async def test_name_that_moves_inside_between_two_requests_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each connection is checked, not only the first."""
    addresses = ["127.0.0.1", "10.0.0.1"]
    asked: list[str] = []

    def resolve(name: str, port: int, **_: object) -> list[Any]:
        asked.append(addresses[len(asked)])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (asked[-1], port))]

    def close_after(exchange: Exchange) -> bool:
        exchange.send_json(200, exchange.result({"protocolVersion": "x"}), Connection="close")
        return True

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with McpServer(breaks=close_after).running() as server:
        server.url = server.url.replace("127.0.0.1", "shop.example")
        with pytest.raises(McpError) as caught:
            await list_tools(server.url, NOTHING, rules=LOCAL)
    assert str(caught.value) == "This address is not on the public internet."
    assert (server.methods, asked) == (["initialize"], addresses)


async def test_nothing_listens() -> None:
    with McpServer().running() as server:
        pass
    error = await problem(server)
    assert (error.kind, error.is_unknown) == ("address", False)


async def test_tool_that_is_gone_is_told_from_one_that_fails() -> None:
    def fails(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        text = f"{name}: no order {arguments['order_number']}"
        return {"content": [{"type": "text", "text": text}], "isError": True}

    def unknown(exchange: Exchange) -> bool:
        said = {"content": [{"type": "text", "text": "Unknown tool: old_tool"}], "isError": True}
        if exchange.method == "tools/call":
            exchange.send_json(200, exchange.result(said))
        return exchange.method == "tools/call"

    with McpServer(answer=fails).running() as server:
        error = await problem(server)
        assert (error.kind, error.is_unknown) == ("tool", False)
        assert error.detail == "order_status: no order NT-7"
        assert (await problem(server, name="old_tool")).kind == "gone"
        server.breaks = unknown
        assert (await problem(server, name="old_tool")).kind == "gone"


@pytest.mark.parametrize(
    ("status", "code", "is_open"),
    [(200, -32602, False), (400, -32602, False), (200, -32603, True), (500, -32000, True)],
)
async def test_error_of_the_protocol_says_whether_the_tool_may_have_run(
    status: int, code: int, is_open: bool
) -> None:
    def refuse(exchange: Exchange) -> bool:
        if exchange.method == "tools/call":
            exchange.send_json(status, exchange.error(code, "order_number is missing"))
        return exchange.method == "tools/call"

    with McpServer(breaks=refuse).running() as server:
        error = await problem(server)
    assert (error.kind, error.is_unknown) == ("tool", is_open)
    assert "order_number is missing" in str(error)


async def test_answer_is_taken_from_a_stream_that_stays_open() -> None:
    def stay(exchange: Exchange) -> bool:
        if exchange.method == "tools/call":
            exchange.stream(event(exchange.result({"content": [{"type": "text", "text": "ok"}]})))
            server.stopped.wait(20)
        return exchange.method == "tools/call"

    with McpServer(breaks=stay).running() as server:
        began = time.monotonic()
        assert await called(server) == "ok"
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("method", ["initialize", "tools/call"])
@pytest.mark.costly
async def test_server_that_says_little_for_long_is_left_in_time(method: str) -> None:
    def drip(exchange: Exchange) -> bool:
        if exchange.method != method:
            return False
        exchange.stream(b": hello\n\n")
        while not server.stopped.wait(0.05):
            exchange.handler.wfile.write(b": still here\n\n")
            exchange.handler.wfile.flush()
        return True

    with McpServer(breaks=drip).running() as server:
        began = time.monotonic()
        error = await problem(server, seconds=0.5)
        assert time.monotonic() - began < 5
    assert (error.kind, error.is_unknown) == ("timeout", method == "tools/call")


@pytest.mark.costly
async def test_time_limit_is_that_of_all_requests_together() -> None:
    def think(exchange: Exchange) -> bool:
        server.stopped.wait(0.4)
        return False

    with McpServer(breaks=think).running() as server:
        error = await problem(server, seconds=0.6)
    assert (error.kind, error.is_unknown) == ("timeout", False)
    assert "tools/call" not in server.methods


async def test_answers_are_bounded() -> None:
    def endless(exchange: Exchange) -> None:
        exchange.stream()
        while True:
            exchange.handler.wfile.write(event({"jsonrpc": "2.0", "method": "x"}) * 100)

    def one_long_line(exchange: Exchange) -> None:
        exchange.stream(b"data: ")
        while True:
            exchange.handler.wfile.write(b"x" * 4_096)

    for flood in (huge, endless, one_long_line):

        def breaks(exchange: Exchange, flood: Callable[[Exchange], None] = flood) -> bool:
            if exchange.method == "tools/call":
                flood(exchange)
            return exchange.method == "tools/call"

        with McpServer(breaks=breaks).running() as server:
            error = await problem(server)
        assert (error.kind, str(error)) == (
            "too_large",
            "The server's answer has more than 64 KB.",
        )


async def test_lists_go_over_pages_up_to_a_bound() -> None:
    def page(exchange: Exchange) -> bool:
        if exchange.method != "tools/list":
            return False
        at = int(exchange.message["params"].get("cursor", 0))
        tools: list[Any] = [{"name": f"tool{at}"}, {"name": ""}, {"name": 7}, "x", {"name": "a\0"}]
        exchange.send_json(200, exchange.result({"tools": tools, "nextCursor": str(at + 1)}))
        return True

    with McpServer(breaks=page).running() as server:
        tools = await list_tools(server.url, NOTHING, rules=LOCAL)
    assert [tool["name"] for tool in tools] == [f"tool{at}" for at in range(mcp.MAX_PAGES)]
    assert tools[0]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"content": []}, ""),
        ({}, ""),
        ({"content": "odd", "structuredContent": {}}, ""),
        ({"content": [{"type": "text", "text": "a\0b"}, {"type": "text", "text": "c"}]}, "ab\nc"),
        ({"content": [{"type": "image", "data": "AAAA"}, {"type": "text", "text": "a"}]}, "a"),
        ({"content": [{"type": "resource", "resource": {"text": "body"}}]}, "body"),
        ({"content": [{"type": "resource_link", "name": "a", "uri": "b:c"}]}, "a b:c"),
        ({"content": [], "structuredContent": {"status": "é"}}, '{"status": "é"}'),
        # One text for each item: whole in the structured form only.
        (
            {
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                "structuredContent": {"result": ["a", "b"]},
            },
            '{"result": ["a", "b"]}',
        ),
        (
            {"content": [{"type": "text", "text": "A."}], "structuredContent": {"status": "a"}},
            "A.",
        ),
        ({"content": [None, 3, {"type": "text", "text": "\ud800"}]}, "\ufffd"),
    ],
)
async def test_result_becomes_text(result: dict[str, Any], text: str) -> None:
    with McpServer(answer=lambda name, arguments: result).running() as server:
        assert await called(server) == text


async def test_question_back_is_an_error() -> None:
    asks = {"resultType": "input_required", "inputRequests": {}}
    server = McpServer(is_stateless=True, answer=lambda name, arguments: asks)
    with server.running():
        assert "asks questions back" in str(await problem(server))


def test_names_that_headers_do_not_take_are_encoded() -> None:
    assert header_value("order_status") == "order_status"
    assert header_value("grüß") == "=?base64?Z3LDvMOf?="
    assert header_value(" a") == "=?base64?IGE=?="
    assert header_value("a\nb").startswith("=?base64?")
    assert header_value("=?base64?x?=").startswith("=?base64?PT9i")
