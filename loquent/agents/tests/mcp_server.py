"""A small MCP server on this machine, in either revision, that a test can break."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

from loquent.egress.urls import EgressRules

LOCAL = EgressRules(networks=[ip_network("127.0.0.0/8")], allow_http=True)
SCHEMA = {
    "type": "object",
    "properties": {"order_number": {"type": "string", "description": "As in the letter"}},
    "required": ["order_number"],
}
TOOLS = [
    {
        "name": "order_status",
        "title": "Order status",
        "description": "Where is my order?",
        "inputSchema": SCHEMA,
        "annotations": {"readOnlyHint": True},
    },
    {"name": "cancel_order", "inputSchema": SCHEMA},
]
SHIPPED = {"content": [{"type": "text", "text": '{"status": "shipped"}'}]}


@dataclass(slots=True)
class Exchange:
    """A request, with its method of the protocol, and how to answer it."""

    verb: str
    path: str
    headers: dict[str, str]
    message: dict[str, Any]
    handler: BaseHTTPRequestHandler

    @property
    def method(self) -> str:
        return str(self.message.get("method", self.verb))

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def send_json(self, status: int, data: Any, **headers: str) -> None:
        self.send(status, json.dumps(data).encode(), Content_Type="application/json", **headers)

    def result(self, result: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": self.message.get("id"), "result": result}

    def error(self, code: int, message: str = "No.", **data: Any) -> dict[str, Any]:
        error = {"code": code, "message": message, "data": data}
        return {"jsonrpc": "2.0", "id": self.message.get("id"), "error": error}

    def stream(self, *pieces: bytes) -> None:
        """Begin a stream that stays open until the client leaves or the handler returns."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        for piece in pieces:
            self.handler.wfile.write(piece)
            self.handler.wfile.flush()


def event(data: Any) -> bytes:
    return f"event: message\nid: 1\ndata: {json.dumps(data)}\n\n".encode()


Breaks = Callable[[Exchange], bool]


@dataclass(slots=True)
class McpServer:
    """`is_stateless`: the revision of 2026, else a handshake and a session. `breaks` comes first,
    and returns whether it has answered."""

    is_stateless: bool = False
    is_streaming: bool = False
    tools: list[dict[str, Any]] = field(default_factory=lambda: list(TOOLS))
    answer: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda name, arguments: SHIPPED
    breaks: Breaks = lambda exchange: False
    seen: list[Exchange] = field(default_factory=list)
    url: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.seen]

    def calls(self) -> list[dict[str, Any]]:
        return [each.message["params"] for each in self.seen if each.method == "tools/call"]

    def handle(self, exchange: Exchange) -> None:
        self.seen.append(exchange)
        if self.breaks(exchange):
            return None
        refusal = self._refusal(exchange)
        if refusal:
            return exchange.send_json(*refusal)
        method, params = exchange.method, exchange.message.get("params", {})
        if method == "DELETE":
            return exchange.send(200)
        if method == "notifications/initialized":
            return exchange.send(202)
        more = {}
        if method == "initialize":
            info = {"name": "shop", "version": "1"}
            result: Any = {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": info,
            }
            more = {"Mcp_Session_Id": "session-1"}
        elif method == "tools/list":
            result = {"tools": self.tools}
        elif params.get("name") in {tool["name"] for tool in self.tools}:
            result = self.answer(params["name"], params["arguments"])
        else:
            return exchange.send_json(200, exchange.error(-32602, "Unknown tool"))
        if not self.is_streaming:
            return exchange.send_json(200, exchange.result(result), **more)
        note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}}
        asks = {"jsonrpc": "2.0", "id": exchange.message["id"], "method": "ping"}
        body = b": hello\n\n" + event(note) + event(asks) + event(exchange.result(result))
        return exchange.send(200, body, Content_Type="text/event-stream", **more)

    def _refusal(self, exchange: Exchange) -> tuple[int, dict[str, Any]] | None:
        headers, method = exchange.headers, exchange.method
        if self.is_stateless:
            meta = exchange.message.get("params", {}).get("_meta", {})
            version = meta.get("io.modelcontextprotocol/protocolVersion")
            if version != "2026-07-28" or headers.get("mcp-protocol-version") != version:
                supported = ["2026-07-28"]
                return 400, exchange.error(-32022, "Unsupported", supported=supported)
            named = exchange.message["params"].get("name", "")
            if headers.get("mcp-method") != method or headers.get("mcp-name", "") != named:
                return 400, exchange.error(-32020, "Mismatch")
            return (404, exchange.error(-32601)) if not method.startswith("tools/") else None
        if method == "initialize":
            return None
        if headers.get("mcp-session-id") != "session-1":
            return 400, exchange.error(-32600, "Missing session ID")
        has_version = headers.get("mcp-protocol-version") == "2025-06-18"
        return None if has_version else (400, exchange.error(-32600, "Bad version"))

    @contextmanager
    def running(self) -> Iterator["McpServer"]:
        mcp = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                raw = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                message = json.loads(raw) if raw else {}
                mcp.handle(Exchange(self.command, self.path, headers, message, self))

            def do_GET(self) -> None:
                self.do_POST()

            def do_DELETE(self) -> None:
                self.do_POST()

            def finish(self) -> None:
                with suppress(OSError):
                    super().finish()
                self.rfile.close()

            def log_message(self, *_: object) -> None:
                """No line for each request."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Ignore clients that leave."""

        server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/mcp"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield self
        finally:
            self.stopped.set()
            with suppress(OSError):
                server.shutdown()
            server.server_close()
