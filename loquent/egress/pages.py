"""Fetch a public page that staff named, within limits of time, size and redirects."""

from dataclasses import dataclass

import aiohttp
from yarl import URL

from loquent.egress.connecting import explain_tls, guarded_session
from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url

SECONDS = 10.0
MAX_BYTES = 2 * 1024 * 1024
MAX_REDIRECTS = 4
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HEADERS = {"Accept": "text/html", "Accept-Encoding": "identity", "User-Agent": "Loquent-Check"}


class FetchError(Exception):
    """The page can't be had; the text is a sentence for staff."""


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page: its final address, its text (cut at MAX_BYTES), and its policy header."""

    url: str
    text: str
    policy: str


async def fetch_page(url: str, rules: EgressRules) -> FetchedPage:
    """Return the page at an address, after redirects; raise FetchError.

    Every address is checked before it is connected to, also those of redirects.
    """
    for _ in range(MAX_REDIRECTS + 1):
        try:
            target = check_url(url, rules)
        except UnsafeUrlError as error:
            raise FetchError(str(error)) from None
        try:
            async with (
                guarded_session(rules, seconds=SECONDS) as session,
                session.get(target, allow_redirects=False, headers=HEADERS) as response,
            ):
                location = response.headers.get("Location", "")
                if response.status in REDIRECTS and location:
                    url = str(response.url.join(URL(location)).with_fragment(None))
                    continue
                if response.status >= 400:
                    raise FetchError(f"The page answered with the error {response.status}.")
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise FetchError("The page was sent in a form that can't be read here.")
                body = bytearray()
                async for part in response.content.iter_any():
                    body += part
                    if len(body) >= MAX_BYTES:
                        break
                text = bytes(body[:MAX_BYTES]).decode("utf-8", "replace")
                policy = response.headers.get("Content-Security-Policy", "")
                return FetchedPage(str(response.url), text, policy)
        except aiohttp.ClientSSLError as error:
            raise FetchError(explain_tls(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            raise FetchError("The page can't be reached. Check the address.") from None
    raise FetchError("The page redirects too often.")
