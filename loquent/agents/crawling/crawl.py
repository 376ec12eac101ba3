"""Read a website: from its start page, its sitemaps and its links, as robots.txt allows."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from loquent.agents.crawling.not_found import NOT_FOUND, answer_for_nothing, same_as
from loquent.agents.crawling.results import (
    CrawlError,
    KnownPage,
    Outcome,
    PageResult,
    Preview,
    digest_of,
    is_binary,
)
from loquent.agents.crawling.robots import RobotRules, read_robots, read_sitemaps
from loquent.agents.crawling.scope import Scope, normal, page_key
from loquent.agents.importing.parts import WebPage
from loquent.agents.importing.reading import MAX_KNOWLEDGE_CHARS
from loquent.agents.importing.sandbox import FetchedPage, read_pages_in_sandbox
from loquent.agents.search.background import in_background
from loquent.egress.sites import Fetched, SiteError, SiteReader
from loquent.egress.urls import EgressRules

MAX_PAGES = 5_000
MAX_PAGE_BYTES = 2 * 1024 * 1024
MAX_HOPS = 5
# Pages that are fetched before their texts are read together.
WAVE = 10
# A page with parameters, such as a calendar, may have endless variants.
MAX_VARIANTS = 50
# So many failures in a row mean that the site is down.
FAILURES = 10
SECONDS = 2 * 3_600.0
MEDIA_TYPES = frozenset({"text/html", "application/xhtml+xml", ""})
PERMANENT = frozenset({301, 308})
GONE = frozenset({404, 410})
OUT_OF_TIME = "There was no time to read it."
FORBIDDEN = "robots.txt doesn't allow reading it."
TOO_MUCH = "The site has more text than an assistant's knowledge can hold."

Progress = Callable[[int, int], Awaitable[None]]


class _Start(NamedTuple):
    scope: Scope
    robots: RobotRules
    page: Fetched


class Crawl:
    """One reading of a site. `known`: the pages of the sync before, which are read again first."""

    def __init__(
        self, url: str, *, rules: EgressRules, key: str, known: Sequence[KnownPage] = ()
    ) -> None:
        self.url = url
        self._rules = rules
        self._key = key
        self._known = {page_key(page.url): page for page in known}
        self._seen: set[str] = set()
        self._variants: Counter[str] = Counter()
        self._queue: deque[str] = deque()
        self._failures = 0
        self._size = 0
        self.results: dict[str, PageResult] = {}

    async def preview(self) -> Preview:
        """Return what a sync would read, from the start page and the sitemaps alone."""
        async with SiteReader(self._rules) as reader:
            start = await self._begin(reader)
            listed = await self._listed(reader, start)
            [page] = await self._read([start.page])
        found = Preview(start.page.url, page.title, is_whole=bool(listed))
        if page.drafts:
            lines = page.drafts[0].content.splitlines()
            found.excerpt = "\n".join(line for line in lines if not line.startswith("#"))[:300]
            found.excerpt = found.excerpt.strip()
        if page.refusal:
            found.warnings.append(page.refusal)
        for url in [start.page.url, *listed, *page.links]:
            if self._is_new(normal(url), start):
                found.pages.append(normal(url))
        if len(self._seen) >= MAX_PAGES:
            found.warnings.append(f"Only the first {MAX_PAGES:,} pages are read.")
        return found

    async def run(self, on_progress: Progress, *, any_host: bool = False) -> dict[str, PageResult]:
        """Return the results by the pages' keys; raise CrawlError if the site is down.

        `any_host`: the site may have moved away from all known pages.
        """
        deadline = time.monotonic() + SECONDS
        async with SiteReader(self._rules) as reader:
            start = await self._begin(reader)
            if self._known and not any_host:
                self._check_place(start)
            known = (page.url for page in self._known.values())
            self._add([start.page.url, *known], start)
            listed = await self._listed(reader, start)
            await asyncio.to_thread(self._add, listed, start)
            while self._queue:
                if time.monotonic() > deadline:
                    self._give_up()
                    break
                wave = [self._queue.popleft() for _ in range(min(WAVE, len(self._queue)))]
                await self._read_wave(reader, start, wave)
                await on_progress(len(self.results), len(self.results) + len(self._queue))
            await self._drop_not_found(reader, start)
        return self.results

    def _check_place(self, start: _Start) -> None:
        if not any(start.scope.contains(page.url) for page in self._known.values()):
            raise CrawlError(
                f"The address now leads to {start.page.url}. If the site has moved, add it as a "
                "new source, then delete this one."
            )

    async def _begin(self, reader: SiteReader) -> _Start:
        """Follow the start address to its page; raise CrawlError."""
        url = normal(self.url)
        robots: dict[str, RobotRules] = {}
        try:
            for _ in range(MAX_HOPS):
                scope = Scope.of(url)
                if scope.root not in robots:
                    robots[scope.root] = await read_robots(reader, scope.root)
                if not robots[scope.root].allows(url):
                    raise CrawlError("robots.txt of this site doesn't allow reading this page.")
                page = await reader.fetch(url, max_bytes=MAX_PAGE_BYTES)
                if not page.location:
                    break
                url = normal(page.location)
                if not url:
                    raise CrawlError("The page redirects to an address that can't be read.")
        except SiteError as error:
            raise CrawlError(str(error)) from None
        if page.location:
            raise CrawlError("The page redirects too often.")
        if page.status != 200:
            raise CrawlError(f"The page answers with the error {page.status}.")
        if page.media_type not in MEDIA_TYPES or is_binary(page.body, page.charset):
            raise CrawlError("This is not the address of a web page.")
        return _Start(Scope.after_redirect(self.url, url), robots[scope.root], page)

    async def _listed(self, reader: SiteReader, start: _Start) -> list[str]:
        """Return the pages that the site's sitemaps list, within the scope."""
        addresses = start.robots.sitemaps or [f"{start.scope.root}sitemap.xml"]
        found = await read_sitemaps(reader, addresses, MAX_PAGES * 4)
        # Thousands of addresses would delay the chats of this process.
        return await asyncio.to_thread(_inside, found, start.scope)

    def _is_new(self, url: str, start: _Start) -> bool:
        """Return whether a page is still to be read, and remember it."""
        key = page_key(url)
        if not url or key in self._seen or not start.scope.contains(url):
            return False
        path, mark, _ = url.partition("?")
        if len(self._seen) >= MAX_PAGES or (mark and self._variants[path] >= MAX_VARIANTS):
            return False
        self._variants[path] += bool(mark)
        self._seen.add(key)
        return True

    def _add(self, urls: Iterable[str], start: _Start) -> None:
        self._queue.extend(url for url in map(normal, urls) if self._is_new(url, start))

    async def _read_wave(self, reader: SiteReader, start: _Start, wave: list[str]) -> None:
        # Thousands of rules would delay the chats of this process.
        allowed = await asyncio.to_thread(start.robots.allowed, wave)
        for url in set(wave) - set(allowed):
            self._note(url, Outcome.SKIPPED, FORBIDDEN)
        pages: list[tuple[str, Fetched]] = []
        if start.robots.delay:
            for url in allowed:
                await asyncio.sleep(start.robots.delay)
                pages += [(url, page) for page in await self._fetch(reader, start, url)]
        else:
            fetched = await asyncio.gather(*(self._fetch(reader, start, u) for u in allowed))
            pages = [(u, page) for u, one in zip(allowed, fetched, strict=True) for page in one]
        read = await self._read([page for _, page in pages])
        await asyncio.to_thread(self._take_all, [url for url, _ in pages], read, start)

    async def _fetch(self, reader: SiteReader, start: _Start, url: str) -> list[Fetched]:
        """Return the response to read, or nothing and note why."""
        address = url
        try:
            for _ in range(MAX_HOPS):
                page = await reader.fetch(address, max_bytes=MAX_PAGE_BYTES)
                there = normal(page.location) if page.location else ""
                if not there or page_key(there) != page_key(url):
                    break
                address = there
        except SiteError as error:
            self._fail(url, str(error))
            return []
        if page.location:
            self._moved(url, page, there, start)
        elif page.status in GONE:
            self._note(url, Outcome.GONE, f"The page doesn't exist (error {page.status}).")
        elif page.status >= 500 or page.status == 429:
            self._fail(url, f"The site answers with the error {page.status}.")
            return []
        elif page.status != 200:
            self._note(url, Outcome.FAILED, f"The site answers with the error {page.status}.")
        elif page.media_type not in MEDIA_TYPES:
            self._note(url, Outcome.SKIPPED, f"It is not a web page, but {page.media_type[:80]}.")
        elif is_binary(page.body, page.charset):
            self._note(url, Outcome.SKIPPED, "It is not a web page, though the site says so.")
        elif page.is_cut:
            size = MAX_PAGE_BYTES // 1024 // 1024
            self._note(url, Outcome.SKIPPED, f"The page is larger than {size} MB.")
        else:
            self._failures = 0
            return [page]
        self._failures = 0
        return []

    async def _drop_not_found(self, reader: SiteReader, start: _Start) -> None:
        """Note as gone the changed pages that now show what the site shows for any address."""
        read = {key: self.results[key] for key in self._known.keys() & self.results.keys()}
        # The start page may be what a site shows for any address.
        read.pop(page_key(start.page.url), None)
        changed = [result for result in read.values() if result.outcome is Outcome.READ]
        if changed and (answer := await answer_for_nothing(reader, start.scope, start.robots)):
            [page] = await self._read([answer])
            for result in await asyncio.to_thread(same_as, answer.url, page.drafts, changed):
                self._note(result.url, Outcome.GONE, NOT_FOUND)

    def _moved(self, url: str, page: Fetched, there: str, start: _Start) -> None:
        reason = f"It redirects to {page.location[:300]}."
        if there and start.scope.contains(there):
            self._add([there], start)
            self._note(url, Outcome.GONE, reason)
        else:
            is_final = page.status in PERMANENT
            self._note(url, Outcome.GONE if is_final else Outcome.FAILED, reason)

    async def _read(self, pages: Sequence[Fetched]) -> list[WebPage]:
        given = [FetchedPage(page.url, page.body, page.charset) for page in pages]
        return await asyncio.to_thread(read_pages_in_sandbox, given, key=f"sync {self._key}")

    @in_background()
    def _take_all(self, urls: Sequence[str], pages: Sequence[WebPage], start: _Start) -> None:
        for url, page in zip(urls, pages, strict=True):
            self._take(url, page, start)

    def _take(self, url: str, page: WebPage, start: _Start) -> None:
        canonical = normal(page.canonical)
        is_variant = canonical.partition("?")[0] == url.partition("?")[0] != url
        other = self.results.get(page_key(canonical))
        if canonical and is_variant and (other is None or other.digest):
            # The parameters make no difference, says the page.
            self._add([canonical], start)
            self._note(url, Outcome.SKIPPED, f"It is the same page as {canonical[:300]}.")
            return
        self._add([canonical, *page.links], start)
        if page.refusal:
            self._note(url, Outcome.SKIPPED, page.refusal)
            return
        digest = digest_of(page.drafts)
        known = self._known.get(page_key(url))
        is_same = known is not None and known.digest == digest
        size = sum(len(draft.content) for draft in page.drafts)
        if not is_same and self._size + size > MAX_KNOWLEDGE_CHARS:
            self._note(url, Outcome.SKIPPED, TOO_MUCH)
            return
        self._size += 0 if is_same else size
        self.results[page_key(url)] = PageResult(
            url,
            Outcome.SAME if is_same else Outcome.READ,
            digest=digest,
            title=page.title,
            size=size,
            drafts=() if is_same else page.drafts,
        )

    def _note(self, url: str, outcome: Outcome, reason: str) -> None:
        self.results[page_key(url)] = PageResult(url, outcome, reason)

    def _fail(self, url: str, reason: str) -> None:
        self._failures += 1
        self._note(url, Outcome.FAILED, reason)
        if self._failures >= FAILURES:
            raise CrawlError(f"The site stopped answering. {reason}")

    def _give_up(self) -> None:
        for url in self._queue:
            self._note(url, Outcome.FAILED, OUT_OF_TIME)
        self._queue.clear()


@in_background()
def _inside(urls: Iterable[str], scope: Scope) -> list[str]:
    return [url for url in map(normal, urls) if url and scope.contains(url)]
