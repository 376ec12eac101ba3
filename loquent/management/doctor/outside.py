"""The site as the world sees it: through SITE_URL, and whatever stands between."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings

from loquent.management.doctor.configuration import open_files
from loquent.management.doctor.findings import Finding, Findings, fail, ok
from loquent.server.probe import BODY_PATH, HEADER, PATH, STREAM_PAUSE_SECONDS, make_ticket, proof

SECONDS = 15
CLAIMED = "203.0.113.99"
HEADER_BYTES = 6_000
BODY_BYTES = 2 * 1024 * 1024
BROKEN = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """A probe's answer; `seen` is None where it isn't our server's."""

    status: int
    seen: dict[str, Any] | None


class Outside:
    """A client of SITE_URL."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client
        self._url = settings.SITE_URL + PATH

    async def ask(
        self,
        query: str = "",
        *,
        body: bytes | None = None,
        seconds: float = SECONDS,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Probe; raises one of BROKEN where there is no answer at all."""
        ticket = make_ticket()
        async with self._client.request(
            "GET" if body is None else "POST",
            f"{settings.SITE_URL}{PATH if body is None else BODY_PATH}{query}",
            data=body,
            headers={HEADER: ticket, **(headers or {})},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=seconds),
        ) as response:
            seen = None
            if response.status == 200 and response.content_type == "application/json":
                seen = await response.json()
            is_ours = isinstance(seen, dict) and seen.get("proof") == proof(ticket)
            return Answer(response.status, seen if is_ours else None)

    async def check(self, *, idle: int) -> list[Finding]:
        """All findings; `idle`: seconds for which the proxy must wait, 0 leaves that out."""
        try:
            plain = await self.ask()
        except BROKEN as error:
            return [_unreachable(error)]
        if plain.seen is None:
            return [_not_us(plain.status)]
        # The long one runs beside the others.
        waiting = asyncio.create_task(self._idle(idle)) if idle else None
        findings = [
            ok("site", "SITE_URL leads to this deployment."),
            _host(plain.seen),
            _https(plain.seen),
            open_files(plain.seen["open_files"], "the server"),
            _address(plain.seen, await self._claim()),
            await self._websocket(),
            await self._buffering(),
            await self._headers(),
            await self._body(),
            await self._metrics(),
        ]
        if waiting is not None:
            findings.append(await waiting)
        return findings

    async def _claim(self) -> dict[str, Any]:
        answer = await self.ask(headers={"X-Forwarded-For": CLAIMED})
        return answer.seen or {}

    async def _websocket(self) -> Finding:
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._client.ws_connect(self._url, headers={HEADER: make_ticket()}) as socket,
            ):
                await socket.send_str("hello")
                if await socket.receive_str() == "hello":
                    return ok("websocket", "WebSockets pass.")
                reason = "another answer came"
        except aiohttp.WSServerHandshakeError as error:
            reason = f"status {error.status}"
        except (*BROKEN, TypeError) as error:
            reason = type(error).__name__
        return fail(
            "websocket",
            f"WebSockets don't pass the proxy ({reason}): no chat can open.",
            "Let it speak HTTP/1.1 to the server and pass on Upgrade and Connection.",
        )

    async def _buffering(self) -> Finding:
        try:
            async with self._client.get(
                f"{self._url}?stream=1",
                headers={HEADER: make_ticket()},
                timeout=aiohttp.ClientTimeout(total=SECONDS),
            ) as response:
                await response.content.readany()
                first = time.perf_counter()
                await response.content.read()
                gap = time.perf_counter() - first
        except BROKEN:
            gap = 0.0
        if gap < STREAM_PAUSE_SECONDS / 2:
            return fail(
                "buffering",
                "The proxy keeps an answer back until it is whole.",
                "Turn off its buffering: proxy_buffering off (nginx), flush_interval -1 (Caddy).",
            )
        return ok("buffering", "Answers pass as they come.")

    async def _headers(self) -> Finding:
        try:
            answer = await self.ask(headers={"X-Padding": "x" * HEADER_BYTES})
            if answer.seen is not None:
                return ok("header-limit", f"Headers of {HEADER_BYTES} bytes pass.")
            reason = str(answer.status)
        except BROKEN as error:
            reason = type(error).__name__
        return fail(
            "header-limit",
            f"A header of {HEADER_BYTES} bytes doesn't pass ({reason}): some cookies are as long.",
            "Allow 8 KiB and more: large_client_header_buffers 4 16k (nginx).",
        )

    async def _body(self) -> Finding:
        try:
            answer = await self.ask(body=b"x" * BODY_BYTES)
            if answer.seen is not None and answer.seen["body_bytes"] == BODY_BYTES:
                return ok("body-limit", "Bodies of 2 MiB pass.")
            reason = str(answer.status)
        except BROKEN as error:
            reason = type(error).__name__
        return fail(
            "body-limit",
            f"A body of 2 MiB doesn't pass ({reason}): staff can't save a large knowledge.",
            "Allow 17 MiB at /admin/ and /api/v1/: client_max_body_size 17m (nginx).",
        )

    async def _metrics(self) -> Finding:
        url = f"{settings.SITE_URL}/metrics"
        try:
            async with self._client.get(url, allow_redirects=False) as response:
                is_open = response.status == 200
        except BROKEN:
            is_open = False
        if is_open:
            return fail(
                "metrics-outside",
                "Everybody can read /metrics through the proxy.",
                "Take the proxy's address out of METRICS_ALLOW, and refuse /metrics in the proxy.",
            )
        return ok("metrics-outside", "/metrics is not for the world.")

    async def _idle(self, seconds: int) -> Finding:
        try:
            answer = await self.ask(f"?wait={seconds}", seconds=seconds + SECONDS)
            if answer.seen is not None:
                return ok("idle-timeout", f"The proxy waits {seconds} s for an answer.")
            reason = f"status {answer.status}"
        except BROKEN as error:
            reason = type(error).__name__
        return fail(
            "idle-timeout",
            f"The proxy doesn't wait {seconds} s for an answer ({reason}): it cuts quiet chats.",
            "proxy_read_timeout 90s (nginx); at a load balancer the idle time-out, 60 s and more.",
        )


def _unreachable(error: BaseException) -> Finding:
    mend = "Look at DNS, at the proxy, and at a firewall; this machine must reach its own address."
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        mend = "Look at the certificate: its names, its dates, its chain."
    kind = type(error).__name__
    return fail("site", f"SITE_URL={settings.SITE_URL} can't be reached: {kind}.", mend)


def _not_us(status: int) -> Finding:
    return fail(
        "site",
        f"SITE_URL={settings.SITE_URL} answers {status}, but it isn't this deployment.",
        "Let the proxy lead to this server; the doctor needs the server's own SECRET_KEY, and a "
        "clock that is right to 5 minutes.",
    )


def _host(seen: dict[str, Any]) -> Finding:
    expected = urlsplit(settings.SITE_URL).netloc
    if seen["host"] != [expected]:
        return fail(
            "host",
            f"The server sees the host {', '.join(seen['host'])} in the place of {expected}.",
            "Let the proxy pass it on: proxy_set_header Host $http_host (nginx).",
        )
    return ok("host", "The proxy passes the host name on.")


def _https(seen: dict[str, Any]) -> Finding:
    is_told = seen["trusted_proxy_count"] and seen["forwarded_proto"] == ["https"]
    if settings.SITE_IS_HTTPS and not is_told:
        return fail(
            "forwarded-proto",
            "The server isn't told of https: no HSTS, and staff may not be able to sign in.",
            "Let the proxy set X-Forwarded-Proto, and set TRUSTED_PROXY_COUNT.",
        )
    return ok("forwarded-proto", "The server knows by which scheme it is asked.")


def _address(plain: dict[str, Any], claiming: dict[str, Any]) -> Finding:
    count, chain = plain["trusted_proxy_count"], plain["forwarded_for"]
    if claiming.get("client") == CLAIMED:
        return fail(
            "client-address",
            "Anybody can choose the address that limits count, by X-Forwarded-For.",
            "Let the proxy make the header anew or append to it; TRUSTED_PROXY_COUNT says how many "
            f"proxies stand in front (now {count}).",
        )
    if len(chain) != count:
        return fail(
            "client-address",
            f"X-Forwarded-For has {len(chain)} addresses, and TRUSTED_PROXY_COUNT is {count}: "
            "limits take all visitors for one.",
            f"Set TRUSTED_PROXY_COUNT={len(chain)}, if so many proxies of yours stand in front."
            if chain
            else "Let the proxy set X-Forwarded-For, or set TRUSTED_PROXY_COUNT=0 without one.",
        )
    return ok("client-address", f"Limits count the visitor's address (here {plain['client']}).")


async def check_outside(*, idle: int) -> Findings:
    """Look at SITE_URL."""
    async with aiohttp.ClientSession() as client:
        return await Outside(client).check(idle=idle)
