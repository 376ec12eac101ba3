"""Recognize pages that no longer exist, although their site sends a page with status 200."""

import re
import secrets
from collections.abc import Container, Iterable, Sequence
from urllib.parse import unquote

from loquent.agents.crawling.results import PageResult
from loquent.agents.crawling.robots import RobotRules
from loquent.agents.crawling.scope import Scope
from loquent.agents.importing.reading import Draft
from loquent.agents.search.background import in_background
from loquent.egress.sites import Fetched, SiteError, SiteReader
from loquent.egress.urls import MAX_URL

NOT_FOUND = "The page doesn't exist: the site shows the same text for any address."
MAX_BYTES = 512 * 1024
_WORD = re.compile(r"\w+")


async def answer_for_nothing(
    reader: SiteReader, scope: Scope, robots: RobotRules
) -> Fetched | None:
    """Return what a site shows for a made-up address; None if it says that it doesn't exist."""
    url = f"{scope.origin}{scope.folder}no-such-page-{secrets.token_hex(8)}"
    if not robots.allows(url):
        return None
    try:
        found = await reader.fetch(url, max_bytes=MAX_BYTES)
    except SiteError:
        return None
    return found if found.status == 200 else None


@in_background()
def same_as(url: str, drafts: Sequence[Draft], pages: Iterable[PageResult]) -> list[PageResult]:
    """Return the pages with the text of the page at `url`, except for words of the addresses."""
    size = sum(len(draft.content) for draft in drafts)
    wanted = _text_words(drafts)
    names = _words(unquote(url))
    found: list[PageResult] = []
    for page in pages:
        # The text quotes its address at most a few times.
        if wanted and abs(page.size - size) <= MAX_URL:
            own = {*names, *_words(unquote(page.url))}
            if _without(_text_words(page.drafts), own) == _without(wanted, own):
                found.append(page)
    return found


def _text_words(drafts: Sequence[Draft]) -> list[str]:
    return _words("\n".join(f"{draft.title}\n{draft.content}" for draft in drafts))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _without(words: Sequence[str], own: Container[str]) -> list[str]:
    return [word for word in words if word not in own]
