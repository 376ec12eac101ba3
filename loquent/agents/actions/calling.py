"""Carry out one call of an action, within limits of time and size. Touches no database."""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp
from django.conf import settings
from yarl import URL

from loquent.agents.actions import mcp
from loquent.agents.actions.arguments import ArgumentError, values_of
from loquent.agents.actions.request import PreparedRequest, prepare
from loquent.agents.actions.results import CallResult, select
from loquent.agents.actions.spec import ActionSpec
from loquent.egress.connecting import GuardedConnector, explain_tls, guarded_session
from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url
from loquent.encryption import UnreadableSecretError, decrypt
from loquent.text import clean_text

SECONDS = 10.0
# A little less, so that the client itself says whether the tool was called yet.
MCP_SECONDS = 9.5
MAX_BYTES = 65_536
SHORTEST_SECRET = 6
NOT_PUBLIC = "The address is not on the public internet."
NAMESPACE = uuid.UUID("6b1f3c52-9c53-4d1e-9d63-2d3a6c1c7f10")


def egress_rules() -> EgressRules:
    """Return what the operator allows actions to reach."""
    return EgressRules(
        networks=settings.ACTIONS_ALLOWED_NETWORKS, allow_http=settings.ACTIONS_ALLOW_HTTP
    )


def idempotency_key(*parts: object) -> str:
    """Return the key of one call, the same for the same parts."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


async def call_action(spec: ActionSpec, arguments: Mapping[str, Any], *, key: str) -> CallResult:
    """Call an action once with checked arguments; raises nothing that the other side can cause.

    `key` is sent as `Idempotency-Key`. The outcome is `refused` if nothing was sent, and `unknown`
    if the other side may have carried it out without saying so.
    """
    began = time.perf_counter()
    sent = _Sent()
    try:
        async with asyncio.timeout(SECONDS):
            result = await _call(spec, arguments, key, sent)
    except TimeoutError:
        result = CallResult(sent.outcome, reason=f"No answer within {SECONDS:.0f} seconds.")
    except (ArgumentError, UnsafeUrlError) as error:
        result = CallResult("refused", reason=str(error))
    except UnreadableSecretError:
        reason = "A secret of this action can't be read any more. Enter it again."
        result = CallResult("refused", reason=reason)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Their text may hold the address, which may hold a secret.
        reason = sent.explain(error)
        result = CallResult(sent.outcome, reason=reason)
    # Reading changes nothing, so it is never left open whether it happened.
    is_open = result.outcome == "unknown" and spec.risk == "read"
    duration = round((time.perf_counter() - began) * 1000)
    return replace(result, outcome="failed" if is_open else result.outcome, duration_ms=duration)


class _Sent:
    """How far a call got: only before it was sent is it sure that nothing happened."""

    def __init__(self) -> None:
        self.connector: aiohttp.BaseConnector | None = None
        self.has_begun = False

    @property
    def outcome(self) -> Any:
        return "unknown" if self.has_begun else "refused"

    def explain(self, error: Exception) -> str:
        if isinstance(self.connector, GuardedConnector) and self.connector.has_refused:
            return NOT_PUBLIC
        if isinstance(error, aiohttp.ClientSSLError):
            return explain_tls(error)
        if isinstance(error, aiohttp.ClientConnectorError):
            return "The address can't be reached."
        return f"The server did not send a valid response ({type(error).__name__})."


async def _call(
    spec: ActionSpec, arguments: Mapping[str, Any], key: str, sent: _Sent
) -> CallResult:
    values = values_of(spec, arguments)
    rules = egress_rules()
    if spec.kind == "mcp":
        sent.has_begun = True
        return await _call_mcp(spec, values, key, rules)
    request = prepare(spec, values)
    check_url(request.url, rules)
    own = headers_of(spec)
    headers = {**own, "Accept": "application/json", "Accept-Encoding": "identity"}
    headers |= {"User-Agent": "Loquent-Actions/1.0", "Idempotency-Key": key}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    status, body = await _send(request, headers, rules, sent)
    if not 200 <= status < 300:
        # A refusal is a definite answer; a fault, a gateway's timeout or a redirect is none.
        is_answer = 400 <= status < 500 and status != 408
        outcome: Any = "failed" if is_answer else "unknown"
        return CallResult(outcome, status=status, reason=_refusal(status))
    if len(body) > MAX_BYTES:
        reason = f"The response has more than {MAX_BYTES // 1024} KB."
        return CallResult("unknown", None, status, reason)
    text = _without_secrets(body.decode("utf-8", "replace"), own)
    return CallResult("succeeded", select(_parse(text), spec.response_fields), status)


async def _send(
    request: PreparedRequest, headers: Mapping[str, str], rules: EgressRules, sent: _Sent
) -> tuple[int, bytes]:
    """Return the status, and the body; more than MAX_BYTES if that is longer."""
    session = guarded_session(rules, seconds=SECONDS)
    sent.connector = session.connector
    trace = aiohttp.TraceConfig()

    async def begins(*_: object) -> None:
        sent.has_begun = True

    trace.on_request_headers_sent.append(begins)
    trace.freeze()
    session.trace_configs.append(trace)
    async with (
        session,
        session.request(
            request.method,
            # As it was built: nothing is decoded and joined again.
            URL(request.url, encoded=True),
            data=None if request.body is None else request.body.encode(),
            headers=headers,
            allow_redirects=False,
        ) as response,
    ):
        return response.status, await _read(response)


def headers_of(spec: ActionSpec) -> dict[str, str]:
    """Return the row's headers, decrypted, with the secret; raise UnreadableSecretError."""
    headers = {name: decrypt(value) for name, value in spec.encrypted_headers.items()}
    if spec.encrypted_secret:
        headers["Authorization"] = f"Bearer {decrypt(spec.encrypted_secret)}"
    return headers


async def _call_mcp(
    spec: ActionSpec, values: dict[str, Any], key: str, rules: EgressRules
) -> CallResult:
    headers = headers_of(spec)
    try:
        text = await mcp.call_tool(
            spec.url, headers, spec.name, values, rules=rules, key=key, seconds=MCP_SECONDS
        )
    except mcp.McpError as error:
        outcome: Any = "refused" if error.kind == "address" else "failed"
        reason = _without_secrets(str(error), headers)
        return CallResult("unknown" if error.is_unknown else outcome, reason=reason)
    text = _without_secrets(text, headers)
    return CallResult("succeeded", select(_parse(text), spec.response_fields))


def _without_secrets(text: str, headers: Mapping[str, str]) -> str:
    """Return a response without the values of the row's headers, which some servers echo."""
    for value in headers.values():
        # Such as the token in "Bearer …". A short value is no secret, but may be a usual word.
        secret = value.rpartition(" ")[2]
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


async def _read(response: aiohttp.ClientResponse) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise ValueError("compressed")
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > MAX_BYTES:
            break
    return bytes(body)


def _parse(text: str) -> Any:
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return clean_text(text).strip()


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return "This address redirects to another one. Enter the final address."
    if status == 404:
        return "Nothing was found (404)."
    return f"The server answered with status {status}."
