"""What a crawl found. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from loquent.agents.importing.files import SIGNATURES
from loquent.agents.importing.reading import Draft, same

# The addresses of a preview that are shown.
MOST_SHOWN = 100
# How much of a body says what it is.
SNIFFED = 1_024
UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class Outcome(StrEnum):
    """How reading a page ended.

    `gone`: the site says that the page doesn't exist any more; `failed`: it may be there.
    """

    READ = "read"
    SAME = "same"
    GONE = "gone"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(slots=True)
class PageResult:
    """The result for one page. `drafts`: its entries, if its text is new or changed.

    `has_own_links`: the entries' links are those of the drafts, not the page's address.
    """

    url: str
    outcome: Outcome
    reason: str = ""
    digest: str = ""
    title: str = ""
    size: int = 0
    drafts: Sequence[Draft] = ()
    has_own_links: bool = False


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of the sync before. `size`: of its text, in characters."""

    url: str
    digest: str
    size: int = 0


class CrawlError(Exception):
    """The site as a whole can't be read; the text is a sentence for staff."""


@dataclass(slots=True)
class Preview:
    """What a sync would read. `is_whole`: the sitemap lists all pages; else there may be more."""

    url: str
    title: str = ""
    excerpt: str = ""
    pages: list[str] = field(default_factory=list)
    is_whole: bool = False
    warnings: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, object]:
        """Return it for programs and pages, with the first addresses only."""
        return {**asdict(self), "pages": self.pages[:MOST_SHOWN], "count": len(self.pages)}


def digest_of(drafts: Sequence[Draft]) -> str:
    """Return the SHA-256 of a page's text, its white space folded."""
    text = "\0".join(same(f"{draft.title}\n{draft.content}") for draft in drafts)
    return hashlib.sha256(text.encode()).hexdigest()


def is_binary(body: bytes, charset: str) -> bool:
    """Return whether a body is no text, such as an image or a PDF file, whatever its site says."""
    start = body[:SNIFFED].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(UTF_16_OR_32) or charset.lower().startswith(("utf-16", "utf-32")):
        return False
    # What begins with a tag is a page, even if a zero byte was pasted into its title.
    if start.startswith(b"<"):
        return False
    return b"\x00" in start or start.startswith(tuple(signature for signature, _ in SIGNATURES))
