"""Check the site through SITE_URL: public addresses only, through the proxy in front of it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings
from multidict import CIMultiDictProxy

from loquent.management.doctor.findings import Finding, Findings, fail, ok

SECONDS = 15
HEADER_BYTES = 6_000
BODY_BYTES = 2 * 1024 * 1024
BROKEN = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
SCRIPT_PATH = "/api/widget/embed.js"
# No widget has this identifier: its settings return 404, and its socket is refused.
UNKNOWN_WIDGET = "/api/widget/wid_doctor"
UPLOAD_PATH = "/api/v1/agents/"
PAGE_ORIGIN = "https://page.example"


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and headers of an answer, and the start of its body."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Outside:
    """A client of SITE_URL."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    async def _ask(
        self, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return await self._fetch(settings.SITE_URL + path, body=body, headers=headers)

    async def _fetch(
        self, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        async with self._client.request(
            "GET" if body is None else "POST",
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=SECONDS),
        ) as response:
            return Answer(response.status, response.headers, await response.content.read(4_096))

    async def check(self) -> list[Finding]:
        """Return all findings."""
        try:
            script = await self._ask(SCRIPT_PATH)
        except BROKEN as error:
            return [_unreachable(error)]
        if script.status == 400:
            return [_wrong_host()]
        if script.status != 200 or not script.headers.get("Content-Type", "").startswith(
            "text/javascript"
        ):
            return [_not_us(script.status)]
        return [
            ok("site", "SITE_URL leads to a Loquent Widget server."),
            ok("host", "The proxy forwards the host name."),
            _https(script),
            await self._redirect(),
            await self._origins(),
            await self._websocket(),
            await self._headers(),
            await self._body(),
            await self._metrics(),
        ]

    async def _redirect(self) -> Finding:
        site = urlsplit(settings.SITE_URL)
        redirected = ok("https-redirect", "Nothing is served over plain http.")
        if not settings.SITE_IS_HTTPS or site.port not in {None, 443}:
            return redirected
        try:
            answer = await self._fetch(f"http://{site.hostname}{SCRIPT_PATH}")
        except BROKEN:
            return redirected
        if 300 <= answer.status < 400 and answer.headers.get("Location", "").startswith("https:"):
            return redirected
        return fail(
            "https-redirect",
            f"http://{site.hostname} returns {answer.status} instead of redirecting to https.",
            "Redirect port 80: return 308 https://$host$request_uri (nginx).",
        )

    async def _origins(self) -> Finding:
        """Request the settings of an unknown widget; the 404 must be readable by any page."""
        try:
            answer = await self._ask(f"{UNKNOWN_WIDGET}/config", headers={"Origin": PAGE_ORIGIN})
            allowed = answer.headers.getall("Access-Control-Allow-Origin", [])
            reason = f"status {answer.status}, Access-Control-Allow-Origin {allowed}"
            if answer.status == 404 and allowed == ["*"]:
                return ok("origins", "The server's CORS headers reach the browser.")
        except BROKEN as error:
            reason = type(error).__name__
        return fail(
            "origins",
            f"The proxy changes the response with the widget's settings ({reason}).",
            "Forward Origin, and don't add, replace or cache CORS headers in the proxy.",
        )

    async def _websocket(self) -> Finding:
        """Open a socket; the server returns 403, or 404 if the proxy drops the upgrade."""
        try:
            async with self._client.ws_connect(
                f"{settings.SITE_URL}{UNKNOWN_WIDGET}/ws",
                timeout=aiohttp.ClientWSTimeout(ws_close=SECONDS),
            ):
                return ok("websocket", "WebSockets work.")
        except aiohttp.WSServerHandshakeError as error:
            if error.status == 403:
                return ok("websocket", "WebSockets work.")
            reason = f"status {error.status}"
        except BROKEN as error:
            reason = type(error).__name__
        return fail(
            "websocket",
            f"The proxy blocks WebSockets ({reason}): no chat can open.",
            "Use HTTP/1.1 between the proxy and the server, and forward Upgrade and Connection.",
        )

    async def _headers(self) -> Finding:
        try:
            answer = await self._ask(SCRIPT_PATH, headers={"X-Padding": "x" * HEADER_BYTES})
            if answer.status == 200:
                return ok("header-limit", f"The proxy accepts headers of {HEADER_BYTES} bytes.")
            reason = str(answer.status)
        except BROKEN as error:
            reason = type(error).__name__
        return fail(
            "header-limit",
            f"The proxy rejects a {HEADER_BYTES}-byte header ({reason}); cookies can be as long.",
            "Allow at least 8 KiB: large_client_header_buffers 4 16k (nginx).",
        )

    async def _body(self) -> Finding:
        """Send a large body; the server returns 401 for the key, a proxy with a lower limit 413."""
        key = {"Authorization": "Bearer doctor"}
        try:
            answer = await self._ask(UPLOAD_PATH, body=b"x" * BODY_BYTES, headers=key)
            if answer.status == 401:
                return ok("body-limit", "The proxy accepts bodies of 2 MiB.")
            reason = str(answer.status)
        except BROKEN as error:
            reason = type(error).__name__
        return fail(
            "body-limit",
            f"The proxy rejects a body of 2 MiB ({reason}): staff can't save much knowledge.",
            "Allow 17 MiB at /admin/ and /api/v1/: client_max_body_size 17m (nginx).",
        )

    async def _metrics(self) -> Finding:
        try:
            is_open = (await self._ask("/metrics")).status == 200
        except BROKEN:
            is_open = False
        if is_open:
            return fail(
                "metrics-outside",
                "Anyone can read /metrics through the proxy.",
                "Remove the proxy's address from METRICS_ALLOW, and block /metrics in the proxy.",
            )
        return ok("metrics-outside", "/metrics is not public.")


def _unreachable(error: BaseException) -> Finding:
    mend = "Check DNS, the proxy and the firewall; this machine must reach its own public address."
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        mend = "Check the certificate: its names, dates and chain."
    kind = type(error).__name__
    return fail("site", f"SITE_URL={settings.SITE_URL} is unreachable: {kind}.", mend)


def _not_us(status: int) -> Finding:
    return fail(
        "site",
        f"SITE_URL={settings.SITE_URL} returns {status}, but not the widget's script.",
        "Point the proxy to this server.",
    )


def _wrong_host() -> Finding:
    expected = urlsplit(settings.SITE_URL).netloc
    return fail(
        "host",
        f"The server rejects the host name (400); the proxy doesn't forward {expected}.",
        "Forward it in the proxy: proxy_set_header Host $http_host (nginx).",
    )


def _https(script: Answer) -> Finding:
    """Check HSTS, which the server sends only if it knows that the request came over https."""
    if settings.SECURE_HSTS_SECONDS and "Strict-Transport-Security" not in script.headers:
        return fail(
            "forwarded-proto",
            "The server doesn't know that it is behind https: no HSTS, and logins may fail.",
            "Set X-Forwarded-Proto in the proxy, and TRUSTED_PROXY_COUNT in the settings.",
        )
    return ok("forwarded-proto", "The server knows the scheme of its requests.")


async def check_outside() -> Findings:
    """Check SITE_URL."""
    async with aiohttp.ClientSession() as client:
        return await Outside(client).check()
