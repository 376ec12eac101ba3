"""Exchange messages with an MCP server over its streamable HTTP transport.

The official client brings twenty packages and an HTTP client of its own, whose connections would
need a second guard. This one makes POST requests only, to the one address that staff entered, each
over a guarded connection: it follows no redirect and opens no stream for the server's own requests.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from yarl import URL

from loquent.egress.connecting import GuardedConnector
from loquent.egress.sse import SseError, SseParser

JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream"
SESSION = "Mcp-Session-Id"
_HEADER = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
# Statuses of servers that speak another revision of the protocol, or none.
_OTHER_REVISION = frozenset({400, 404, 405, 406, 415, 422, 501})

ProblemKind = Literal[
    "address", "not_mcp", "auth", "busy", "server", "too_large", "timeout", "gone", "tool"
]
SENTENCES: dict[ProblemKind, str] = {
    "address": "Nothing answers at this address. Check its spelling.",
    "not_mcp": "This address does not answer as an MCP server. Enter the address of its streamable "
    "HTTP endpoint, which often ends with /mcp.",
    "auth": "The server refuses the secret or the headers.",
    "busy": "The server receives too many requests. Try again in a minute.",
    "server": "The server failed.",
    "too_large": "The server's answer is too large.",
    "timeout": "The server did not answer in time.",
    "gone": "The server no longer has this tool.",
    "tool": "The tool reported an error.",
}


class McpError(Exception):
    """A server or a tool can't be used; the text is a sentence for staff, without any secret.

    `detail`: what the tool itself said. `is_unknown`: the tool may have been carried out.
    """

    def __init__(self, kind: ProblemKind, sentence: str = "", *, detail: str = "") -> None:
        super().__init__(sentence or SENTENCES[kind])
        self.kind = kind
        self.detail = detail
        self.is_unknown = False


class RpcError(Exception):
    """The server answered a request with an error of the protocol."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class OtherRevisionError(Exception):
    """The server refuses the request in a way that another revision of the protocol may explain."""


@dataclass(slots=True)
class McpWire:
    """The requests to one server. `headers` are the caller's, `own` those of the session.

    `status`: that of the last request, None as long as there is no response.
    """

    session: aiohttp.ClientSession
    url: URL
    headers: Mapping[str, str]
    own: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    _id: int = 0

    async def request(
        self,
        method: str,
        params: dict[str, Any],
        *,
        max_bytes: int,
        more: Mapping[str, str] | None = None,
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """Return the result of a method and the headers of the response.

        Raises RpcError, OtherRevisionError, McpError.
        """
        self._id += 1
        message = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        self.status = None
        async with self._post(message, more or {}) as response:
            self.status = status = response.status
            found = await self._reply(response, self._id, max_bytes)
            if found is None:
                self._check(status)
                raise OtherRevisionError
        error = found.get("error")
        if isinstance(error, dict):
            # Refused for a reason of HTTP, whatever the body says.
            if status in {401, 403, 429}:
                self._check(status)
            code = error.get("code")
            raise RpcError(
                code if isinstance(code, int) else 0,
                str(error.get("message", "")),
                error.get("data"),
            )
        result = found.get("result")
        if not isinstance(result, dict):
            raise McpError("not_mcp")
        return result, response.headers

    async def notify(self, method: str) -> None:
        """Send a message that has no answer."""
        async with self._post({"jsonrpc": "2.0", "method": method}, {}) as response:
            if response.status in {401, 403}:
                self._check(response.status)

    async def end(self) -> None:
        """Tell the server that its session, if it has one, is no longer needed."""
        if SESSION not in self.own:
            return
        headers = {**self.headers, **self.own}
        async with self.session.delete(self.url, headers=headers, allow_redirects=False):
            return

    def _post(
        self, message: Mapping[str, Any], more: Mapping[str, str]
    ) -> "aiohttp.client._RequestContextManager":
        return self.session.post(
            self.url,
            data=json.dumps(message).encode(),
            headers={
                **self.headers,
                "User-Agent": "Loquent-Actions/1.0",
                "Content-Type": JSON_TYPE,
                "Accept": f"{JSON_TYPE}, {SSE_TYPE}",
                "Accept-Encoding": "identity",
                **self.own,
                **more,
            },
            allow_redirects=False,
        )

    async def _reply(
        self, response: aiohttp.ClientResponse, wanted: int, max_bytes: int
    ) -> dict[str, Any] | None:
        """Return the message that answers a request; None if the response has none."""
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            return None
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in {JSON_TYPE, SSE_TYPE}:
            return None
        parser = SseParser(max_bytes) if kind == SSE_TYPE else None
        size = 0
        body = bytearray()
        async for part in response.content.iter_any():
            size += len(part)
            if size > max_bytes:
                raise McpError("too_large", _too_large(max_bytes))
            if parser is None:
                body += part
                continue
            try:
                events = parser.feed(part)
            except SseError:
                raise McpError("too_large", _too_large(max_bytes)) from None
            for event in events:
                # Others are notifications, and requests that we have no use for.
                if found := _message(event, wanted):
                    return found
        for event in parser.finish() if parser else [bytes(body)]:
            if found := _message(event, wanted):
                return found
        return None

    def _check(self, status: int) -> None:
        """Raise McpError for a status that explains itself."""
        if 300 <= status < 400:
            raise McpError("not_mcp", "This address redirects to another one. Enter the other one.")
        if status in {401, 403}:
            raise McpError("auth")
        if status == 429:
            raise McpError("busy")
        if status in _OTHER_REVISION:
            return
        if status >= 500:
            raise McpError("server", f"The server failed (error {status}).")
        raise McpError("not_mcp")


def _too_large(max_bytes: int) -> str:
    return f"The server's answer has more than {max_bytes // 1024} KB."


def _message(data: bytes, wanted: int) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("jsonrpc") != "2.0" or "method" in found:
        return None
    # A request that was refused before it was read has no id.
    is_ours = found.get("id") == wanted or (found.get("id") is None and "error" in found)
    return found if is_ours else None


def header_value(text: str) -> str:
    """Return a text as the value of one of the protocol's headers."""
    if _HEADER.fullmatch(text) and not text.startswith("=?base64?"):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def is_refused_address(session: aiohttp.ClientSession) -> bool:
    """Return whether a connection was refused because its address is not public."""
    return isinstance(session.connector, GuardedConnector) and session.connector.has_refused
