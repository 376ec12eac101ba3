"""What robots.txt and sitemaps of a site say."""

import asyncio
import codecs
import html
import re
import zlib
from collections.abc import Iterable, Sequence
from urllib.parse import urljoin

from protego import Protego

from loquent.agents.search.background import in_background
from loquent.egress.sites import AGENT, SiteError, SiteReader
from loquent.egress.urls import MAX_URL

MAX_ROBOTS_BYTES = 512 * 1024
MAX_SITEMAP_BYTES = 10 * 1024 * 1024
MAX_SITEMAPS = 50
MAX_DELAY_SECONDS = 10.0
# Nothing in it is read twice, so that a long file without an end takes no longer than another one.
_NAME = r"(?!image:|video:)(?:\w{1,20}:)?"
_LOCATION = re.compile(
    rf"<{_NAME}loc(?:\s[^<>]*+)?>([^<]*+)(?:<!\[CDATA\[([^<\]]*+)\]\]>\s*+)?</{_NAME}loc>"
)
_INDEX = re.compile(rf"<{_NAME}sitemapindex\b")
_GZIP_START = b"\x1f\x8b"


class RobotRules:
    """The rules of one host."""

    def __init__(self, text: str, root: str) -> None:
        self._rules = Protego.parse(text)
        delay = self._rules.crawl_delay(AGENT) or 0.0
        self.delay = min(max(float(delay), 0.0), MAX_DELAY_SECONDS)
        self.sitemaps = [urljoin(root, url) for url in self._rules.sitemaps][:MAX_SITEMAPS]

    def allows(self, url: str) -> bool:
        """Return whether the page may be read."""
        return bool(self._rules.can_fetch(url, AGENT))

    @in_background()
    def allowed(self, urls: Iterable[str]) -> list[str]:
        """Return the pages that may be read."""
        return [url for url in urls if self.allows(url)]


async def read_robots(reader: SiteReader, root: str) -> RobotRules:
    """Return the rules of a host; raise SiteError if they can't be known.

    As RFC 9309 says: a host without the file allows everything; one that fails, nothing.
    """
    url = f"{root}robots.txt"
    for _ in range(5):
        found = await reader.fetch(url, max_bytes=MAX_ROBOTS_BYTES)
        if not found.location:
            break
        url = found.location
    if found.location or found.status >= 500 or found.status == 429:
        raise SiteError(f"robots.txt can't be read (error {found.status}).")
    if found.status != 200:
        return RobotRules("", root)
    # Half a megabyte of rules would delay the chats of this process.
    return await asyncio.to_thread(RobotRules, _text_of(found.body), root)


async def read_sitemaps(reader: SiteReader, addresses: Sequence[str], most: int) -> list[str]:
    """Return the pages that sitemaps list, at most `most`; those that can't be read have none."""
    waiting, seen = list(dict.fromkeys(addresses)), set[str]()
    pages: dict[str, None] = {}
    while waiting and len(seen) < MAX_SITEMAPS and len(pages) < most:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        body = await _sitemap(reader, url)
        found, is_index = await asyncio.to_thread(sitemap_addresses, body, url)
        if is_index:
            waiting += found
        else:
            pages.update(dict.fromkeys(found))
    return list(pages)[:most]


def sitemap_addresses(body: bytes, url: str) -> tuple[list[str], bool]:
    """Return the addresses in the sitemap at `url`, and whether they are those of sitemaps.

    A sitemap is XML, or a text with an address on each line.
    """
    text = _text_of(body)
    if "<" in text:
        found = (f"{match[1]}{match[2] or ''}".strip() for match in _LOCATION.finditer(text))
        written = [html.unescape(address) for address in found if 0 < len(address) <= MAX_URL]
    else:
        lines = (line.strip() for line in text.splitlines())
        written = [line for line in lines if line.startswith(("http://", "https://"))]
    addresses = [urljoin(url, each) if each.startswith("/") else each for each in written]
    return addresses, _INDEX.search(text) is not None


def _text_of(body: bytes) -> str:
    """Return the text of a file that should be UTF-8. Some sites send UTF-16."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    # Without a byte order mark, the rules of UTF-16 are ASCII with zero bytes in between.
    return body.decode("utf-8-sig", "replace").replace("\0", "")


async def _sitemap(reader: SiteReader, url: str) -> bytes:
    try:
        for _ in range(5):
            found = await reader.fetch(url, max_bytes=MAX_SITEMAP_BYTES)
            if not found.location:
                break
            url = found.location
        if found.status != 200:
            return b""
        body = found.body
        if body.startswith(_GZIP_START):
            body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, MAX_SITEMAP_BYTES)
    except (SiteError, zlib.error):
        return b""
    return body
