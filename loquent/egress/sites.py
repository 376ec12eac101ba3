"""Fetch the pages of a website that staff named, within limits of time and size."""

import zlib
from dataclasses import dataclass
from typing import Self

import aiohttp
from yarl import URL

from loquent.egress.connecting import CONNECT_SECONDS, GuardedConnector, explain_tls
from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url

SECONDS = 20.0
AT_ONCE = 2
REDIRECTS = frozenset({301, 302, 303, 307, 308})
AGENT = "LoquentBot/1.0"
HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.1",
    "Accept-Encoding": "gzip, identity;q=0.5",
    "User-Agent": f"{AGENT} (reads this site for its own chat assistant)",
}
# To ask zlib for a gzip stream.
_GZIP = 16 + zlib.MAX_WBITS


class SiteError(Exception):
    """The page can't be fetched; the text is a sentence for staff."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response. `location`: where it redirects to, or empty. `is_cut`: the body is longer."""

    url: str
    status: int
    location: str = ""
    media_type: str = ""
    charset: str = ""
    body: bytes = b""
    is_cut: bool = False


class SiteReader:
    """Fetches pages over a few connections of one session. Use it in an `async with`.

    Follows no redirects: the caller decides where to go. Every address is checked before, and each
    connection when it is made.
    """

    def __init__(self, rules: EgressRules) -> None:
        self._rules = rules
        self._connector = GuardedConnector(rules, keeps_alive=True, limit=AT_ONCE)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            timeout=aiohttp.ClientTimeout(total=SECONDS, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            max_line_size=8_190,
            max_field_size=8_190,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def fetch(self, url: str, *, max_bytes: int) -> Fetched:
        """Return one response, whatever its status; raise SiteError."""
        try:
            target = check_url(url, self._rules)
        except UnsafeUrlError as error:
            raise SiteError(str(error)) from None
        try:
            async with self._session.get(
                target, allow_redirects=False, headers=HEADERS
            ) as response:
                location = response.headers.get("Location", "")
                if response.status in REDIRECTS and location:
                    # Unlike `join`, a new address may have any scheme: it is checked when fetched.
                    there = response.url.join(URL(location)).with_fragment(None)
                    if there.raw_user or there.raw_password:
                        # Reports show the address.
                        there = there.with_user(None)
                    return Fetched(url, response.status, location=str(there))
                body, is_cut = await _read(response, max_bytes)
                return Fetched(
                    url,
                    response.status,
                    media_type=response.content_type.lower(),
                    charset=response.charset or "",
                    body=body,
                    is_cut=is_cut,
                )
        except TimeoutError:
            raise SiteError(f"No answer within {SECONDS:.0f} seconds.") from None
        except aiohttp.ClientSSLError as error:
            raise SiteError(explain_tls(error)) from None
        except (aiohttp.ClientError, OSError, ValueError, zlib.error):
            if self._connector.has_refused:
                raise SiteError("This address is not on the public internet.") from None
            raise SiteError("The site can't be reached.") from None


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> tuple[bytes, bool]:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip"}:
        raise SiteError("The page was sent in a compression that can't be read here.")
    unpack = None if encoding in {"identity", ""} else zlib.decompressobj(_GZIP)
    body = bytearray()
    async for part in response.content.iter_any():
        # A small file may unpack to a huge one.
        body += unpack.decompress(part, max_bytes + 1 - len(body)) if unpack else part
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    # A second part of the same kind follows: what was unpacked is only the beginning.
    if unpack and body and (not unpack.eof or unpack.unused_data.startswith(b"\x1f\x8b")):
        raise SiteError("The answer is incomplete.")
    return bytes(body), False
