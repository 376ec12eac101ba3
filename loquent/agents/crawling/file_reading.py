"""Read a file that is a source of knowledge, part by part, as a sync reads a website."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from loquent.agents.crawling.results import (
    CrawlError,
    KnownPage,
    Outcome,
    PageResult,
    digest_of,
)
from loquent.agents.importing.parts import FilePart
from loquent.agents.importing.pdf import PICTURE, SCAN
from loquent.agents.importing.reading import MAX_KNOWLEDGE_CHARS, Draft
from loquent.agents.importing.sandbox import read_portion_in_sandbox

SECONDS = 600.0
# So many pages in a row that take too long mean that all do.
FAILURES = 5
OUT_OF_TIME = "There was no time to read it."
TOO_MUCH = "The file has more text than an assistant's knowledge can hold."
GONE = "The new version of the file doesn't have it."
MISSING = "The file is no longer stored. Upload it again."

Progress = Callable[[int, int], Awaitable[None]]


class FileReading:
    """One reading of a file. `known`: the parts of the version before. `url`: the file's address.

    The parts of a PDF are its pages; other files have one.
    """

    def __init__(
        self, name: str, data: bytes, *, url: str, key: str, known: Sequence[KnownPage] = ()
    ) -> None:
        self._name = name
        self._data = data
        self._url = url
        self._key = f"sync {key}"
        self._known = {page.url: page for page in known}
        self._size = 0
        self._failures = 0
        self.results: dict[str, PageResult] = {}

    async def run(self, on_progress: Progress) -> dict[str, PageResult]:
        """Return the results by the parts' names; raise CrawlError if the file can't be read."""
        deadline = time.monotonic() + SECONDS
        done, total = 0, 1
        parts: list[FilePart] = []
        while done < total:
            if time.monotonic() > deadline or self._failures >= FAILURES:
                raise CrawlError("The file takes too long to read.")
            portion = await asyncio.to_thread(
                read_portion_in_sandbox,
                name=self._name,
                data=self._data,
                start=done + 1,
                key=self._key,
            )
            if portion.refusal:
                raise CrawlError(portion.refusal)
            for part in portion.parts:
                self._take(part)
            # A file that yields nothing new would be read forever.
            done, total = done + max(len(portion.parts), 1), portion.total
            parts += portion.parts
            has_failed = len(portion.parts) == 1 and bool(portion.parts[0].refusal)
            self._failures = self._failures + 1 if has_failed else 0
            await on_progress(min(done, total), total)
        if not any(part.drafts for part in parts):
            raise CrawlError(_why_nothing(parts))
        self._lose_others()
        return self.results

    def _take(self, part: FilePart) -> None:
        name = f"{self._name}{part.label}"
        if part.refusal:
            # What the version before had here is gone, because a person has replaced it.
            outcome = Outcome.GONE if name in self._known else Outcome.SKIPPED
            self.results[name] = PageResult(name, outcome, part.refusal)
            return
        size = sum(len(draft.content) for draft in part.drafts)
        if self._size + size > MAX_KNOWLEDGE_CHARS:
            self.results[name] = PageResult(name, Outcome.SKIPPED, TOO_MUCH)
            return
        self._size += size
        link = f"{self._url}{part.label}" if self._url else ""
        drafts = [Draft(draft.title, draft.content, draft.url or link) for draft in part.drafts]
        # The links count, too: a new address has to reach the entries.
        digest = digest_of([*drafts, *(Draft("", draft.url) for draft in drafts)])
        known = self._known.get(name)
        is_same = known is not None and known.digest == digest
        self.results[name] = PageResult(
            name,
            Outcome.SAME if is_same else Outcome.READ,
            digest=digest,
            title=drafts[0].title,
            size=size,
            drafts=() if is_same else drafts,
            has_own_links=True,
        )

    def _lose_others(self) -> None:
        for name in self._known.keys() - self.results.keys():
            self.results[name] = PageResult(name, Outcome.GONE, GONE)


def _why_nothing(parts: Sequence[FilePart]) -> str:
    reasons = {part.refusal for part in parts}
    if reasons == {PICTURE}:
        return SCAN
    return reasons.pop() if len(reasons) == 1 else "No page of this file could be read."
