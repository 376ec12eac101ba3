"""Lists and calls the tools of MCP servers. Imported only if an action uses one.

Speaks the revisions of the protocol with a handshake, and the stateless one of 2026. The handshake
offers 2025-06-18, which every later server knows too: since then, a server may end a response and
expect the client to fetch the rest of it over a stream of its own.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypedDict, TypeVar

import aiohttp

from loquent.agents.actions.mcp_wire import (
    SESSION,
    McpError,
    McpWire,
    OtherRevisionError,
    RpcError,
    header_value,
    is_refused_address,
)
from loquent.egress.connecting import explain_tls, guarded_session
from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url
from loquent.text import clean_text

__all__ = ["McpError", "McpTool", "call_tool", "list_tools"]

SECONDS = 10.0
MAX_CALL_BYTES = 65_536
MAX_LIST_BYTES = 1_048_576
MAX_PAGES = 20
MAX_TOOLS = 500
MAX_NAME = 128
MAX_DESCRIPTION = 4_000
MAX_DETAIL = 1_000
HANDSHAKE_REVISION = "2025-06-18"
STATELESS_REVISION = "2026-07-28"
VERSION_HEADER = "MCP-Protocol-Version"
CLIENT = {"name": "Loquent", "version": "1.0"}
META = "io.modelcontextprotocol/"
# Errors with which servers say that they have no such method or tool.
MISSING = frozenset({-32601, -32602})
# Errors after which nothing was carried out: the request itself was wrong.
REFUSALS = MISSING | {-32700, -32600, -32020, -32021, -32022}
Result = TypeVar("Result")
FAILURES = (McpError, RpcError, OtherRevisionError, aiohttp.ClientError, OSError, ValueError)


class McpTool(TypedDict):
    """A tool of a server. `parameters` is a JSON schema; `is_read_only` is the server's word."""

    name: str
    title: str
    description: str
    parameters: dict[str, Any]
    is_read_only: bool


async def list_tools(
    url: str, headers: Mapping[str, str], *, rules: EgressRules, seconds: float = SECONDS
) -> list[McpTool]:
    """Return the tools that a server offers; raise McpError."""

    async def run(server: _Server) -> list[McpTool]:
        return [tool for raw in await server.tools() if (tool := _tool(raw))]

    return await _with_server(url, headers, rules, seconds, run)


async def call_tool(
    url: str,
    headers: Mapping[str, str],
    name: str,
    arguments: Mapping[str, Any],
    *,
    rules: EgressRules,
    key: str = "",
    seconds: float = SECONDS,
) -> str:
    """Call a tool once, and return its text; raise McpError, also if the tool reports an error.

    `key`: sent as `Idempotency-Key`. Nothing is repeated once the call may have reached the server.
    """
    return await _with_server(
        url, headers, rules, seconds, lambda server: server.call(name, arguments, key)
    )


async def _with_server(
    url: str,
    headers: Mapping[str, str],
    rules: EgressRules,
    seconds: float,
    run: Callable[["_Server"], Awaitable[Result]],
) -> Result:
    """Open a session, run something in it, and end it, all within one time limit."""
    try:
        target = check_url(url, rules)
    except UnsafeUrlError as error:
        raise McpError("address", str(error)) from None
    deadline = asyncio.get_running_loop().time() + seconds
    async with guarded_session(rules, seconds=seconds, keeps_alive=True) as session:
        wire = McpWire(session, target, headers)
        server = _Server(wire)
        try:
            async with asyncio.timeout_at(deadline):
                await server.open()
                result = await run(server)
        except FAILURES as error:
            problem = _problem(error, session, seconds)
            problem.is_unknown = server.is_open_whether_done(error)
            if problem.kind != "timeout":
                await _end(wire, deadline)
            raise problem from None
        await _end(wire, deadline)
        return result


async def _end(wire: McpWire, deadline: float) -> None:
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with asyncio.timeout_at(min(deadline, asyncio.get_running_loop().time() + 1)):
            await wire.end()


def _problem(error: Exception, session: aiohttp.ClientSession, seconds: float) -> McpError:
    """Return what to tell; the texts of others may hold the address, and that a secret."""
    match error:
        case McpError():
            return error
        case RpcError():
            said = clean_text(str(error)).strip()[:MAX_DETAIL]
            return McpError("tool", f"The server refuses the request: {said}", detail=said)
        case OtherRevisionError():
            return McpError("not_mcp")
        case TimeoutError():
            return McpError("timeout", f"The server did not answer within {seconds:.0f} seconds.")
    if is_refused_address(session):
        return McpError("address", "This address is not on the public internet.")
    if isinstance(error, aiohttp.ClientSSLError):
        return McpError("address", explain_tls(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return McpError("address")
    return McpError("server", "The server closed the connection without an answer.")


class _Server:
    """One session with a server, in the revision that it speaks."""

    def __init__(self, wire: McpWire) -> None:
        self._wire = wire
        self._is_stateless = False
        self._has_called = False

    async def open(self) -> None:
        """Find out which revision the server speaks; without harm, whichever it is."""
        own = self._wire.own
        offer = {"protocolVersion": HANDSHAKE_REVISION, "capabilities": {}, "clientInfo": CLIENT}
        try:
            result, headers = await self._wire.request(
                "initialize", offer, max_bytes=MAX_CALL_BYTES
            )
        except (RpcError, OtherRevisionError):
            self._is_stateless = True
            own[VERSION_HEADER] = STATELESS_REVISION
            return
        version = result.get("protocolVersion")
        if not isinstance(version, str) or header_value(version) != version:
            raise McpError("not_mcp")
        own[VERSION_HEADER] = version
        if session := headers.get(SESSION):
            own[SESSION] = session
        await self._wire.notify("notifications/initialized")

    async def tools(self) -> list[Any]:
        """Return the server's tools as it describes them."""
        found: list[Any] = []
        cursor = ""
        for _ in range(MAX_PAGES):
            params = {"cursor": cursor} if cursor else {}
            page = await self._ask("tools/list", params, MAX_LIST_BYTES)
            tools = page.get("tools")
            if not isinstance(tools, list):
                raise McpError("not_mcp")
            found += tools
            cursor = page.get("nextCursor") or ""
            if not cursor or not isinstance(cursor, str) or len(found) >= MAX_TOOLS:
                break
        return found[:MAX_TOOLS]

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> str:
        """Call a tool; raise McpError if it has failed or is no longer there."""
        self._has_called = True
        params = {"name": name, "arguments": dict(arguments)}
        more = {"Idempotency-Key": key} if key else {}
        try:
            result = await self._ask("tools/call", params, MAX_CALL_BYTES, more)
        except RpcError as error:
            self._has_called = error.code not in REFUSALS
            if error.code in MISSING and not await self._has(name):
                raise McpError("gone") from None
            raise
        if result.get("resultType", "complete") != "complete":
            raise McpError("tool", "The tool asks questions back, which is not supported.")
        text = text_of(result)
        if not result.get("isError"):
            return text
        self._has_called = False
        if name in text and not await self._has(name):
            raise McpError("gone")
        raise McpError("tool", f"The tool reported an error: {text[:MAX_DETAIL]}", detail=text)

    def is_open_whether_done(self, error: Exception) -> bool:
        """Return whether a tool may have been carried out although there is no result."""
        if not self._has_called or isinstance(error, aiohttp.ClientConnectorError):
            return False
        status = self._wire.status
        return status is None or 200 <= status < 300 or status >= 500

    async def _has(self, name: str) -> bool:
        """Return whether the server still lists a tool, after an error that leaves it open."""
        try:
            tools = await self.tools()
        except (McpError, RpcError, OtherRevisionError, aiohttp.ClientError):
            return True
        return any(isinstance(raw, dict) and raw.get("name") == name for raw in tools)

    async def _ask(
        self,
        method: str,
        params: dict[str, Any],
        max_bytes: int,
        more: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        headers = dict(more or {})
        if self._is_stateless:
            headers["Mcp-Method"] = method
            if "name" in params:
                headers["Mcp-Name"] = header_value(params["name"])
            params = {
                **params,
                "_meta": {
                    f"{META}protocolVersion": STATELESS_REVISION,
                    f"{META}clientInfo": CLIENT,
                    f"{META}clientCapabilities": {},
                },
            }
        result, _ = await self._wire.request(method, params, max_bytes=max_bytes, more=headers)
        return result


def text_of(result: Mapping[str, Any]) -> str:
    """Return a tool's result as text: what it says, else its structured form as JSON."""
    content = result.get("content")
    items = content if isinstance(content, list) else []
    texts = [text for each in items if isinstance(each, dict) and (text := _item_text(each))]
    structured = result.get("structuredContent")
    # A list comes as many texts, and whole only in the structured form.
    if structured not in (None, {}, []) and len(texts) != 1:
        return clean_text(json.dumps(structured, ensure_ascii=False))
    return clean_text("\n".join(texts))


def _item_text(item: Mapping[str, Any]) -> str:
    resource = item.get("resource")
    source = resource if isinstance(resource, dict) else item
    if isinstance(source.get("text"), str):
        return str(source["text"])
    if item.get("type") == "resource_link":
        return " ".join(str(item[part]) for part in ("name", "uri") if item.get(part))
    return ""


def _tool(raw: Any) -> McpTool | None:
    if not isinstance(raw, dict):
        return None
    name = raw.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or clean_text(name) != name:
        return None
    schema = raw.get("inputSchema")
    notes = raw.get("annotations")
    hints = notes if isinstance(notes, dict) else {}
    title = raw.get("title") or hints.get("title")
    return McpTool(
        name=name,
        title=clean_text(title)[:MAX_NAME] if isinstance(title, str) else "",
        description=clean_text(str(raw.get("description") or ""))[:MAX_DESCRIPTION].strip(),
        parameters=schema if isinstance(schema, dict) else {"type": "object", "properties": {}},
        is_read_only=hints.get("readOnlyHint") is True,
    )
