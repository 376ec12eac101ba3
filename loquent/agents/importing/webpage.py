"""A page of a website: its text, its links, and whether there is any text without scripts. Pure."""

import re
from urllib.parse import urljoin

from bs4 import BeautifulSoup
from bs4.element import Tag
from bs4.exceptions import ParserRejectedMarkup

from loquent.agents.importing.documents import read_document
from loquent.agents.importing.encodings import UnstatedError, decode, known_name
from loquent.agents.importing.html import AROUND, MAX_ELEMENTS, main_part, title_of
from loquent.agents.importing.markdown import drop, to_markdown
from loquent.agents.importing.parts import WebPage
from loquent.egress.urls import MAX_URL
from loquent.text import clean_text, unix_lines

EMPTY = "The page has no text."
SCRIPTS = (
    "This page builds its text with JavaScript, which is not run here. Use pages with their text "
    "in the HTML, or add the text by hand."
)
# Less text than this, on a page with scripts, is a frame that scripts fill.
FRAME_CHARS = 100
MAX_LINKS = 2_000
_ELEMENT = re.compile("<[a-zA-Z]")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?:\.0+)?(?![.\d])|"
    r"(?:left|right|top|bottom|text-indent|margin(?:-left|-top)?)\s*:\s*-\d{3,}|"
    r"clip(?:-path)?\s*:\s*(?:rect|inset)\s*\(",
    re.IGNORECASE,
)


def read_web_page(data: bytes, *, url: str, charset: str = "") -> WebPage:
    """Return the text and links of a page. Never raises because of its content."""
    text = _text_of(data, charset)
    if sum(1 for _ in _ELEMENT.finditer(text)) > MAX_ELEMENTS:
        return WebPage(refusal=f"The page has more than {MAX_ELEMENTS:,} elements.")
    try:
        soup = BeautifulSoup(text, "lxml")
        page = WebPage(title_of(soup), _canonical(soup, url), _links(soup, url))
        has_scripts = soup.find("script") is not None
        _drop_unread(soup)
        markdown = to_markdown(main_part(soup))
    except RecursionError:
        return WebPage(refusal="The page's elements are nested too deeply.")
    except ParserRejectedMarkup:
        return WebPage(refusal="The page can't be read as HTML.")
    size = len("".join(markdown.split()))
    if has_scripts and size < FRAME_CHARS:
        page.refusal = SCRIPTS
    elif not size:
        page.refusal = EMPTY
    else:
        reading = read_document(markdown, name=url, url=url, title=page.title)
        page.drafts = reading.drafts
        if not page.drafts:
            page.refusal = reading.skipped[0].why if reading.skipped else EMPTY
    return page


def _text_of(data: bytes, charset: str) -> str:
    """Return the text as a browser would read it: by its declarations, else as Windows-1252."""
    try:
        text = decode(data, encoding=known_name(charset) if charset else None, is_page=True)
    except UnstatedError:
        text = data.decode("cp1252", "replace")
    return clean_text(unix_lines(text))


def _canonical(soup: BeautifulSoup, url: str) -> str:
    found = soup.find("link", rel="canonical")
    address = found.get("href") if isinstance(found, Tag) else None
    return _absolute(url, address) if isinstance(address, str) else ""


def _links(soup: BeautifulSoup, url: str) -> list[str]:
    base = soup.find("base", href=True)
    address = base.get("href") if isinstance(base, Tag) else None
    start = _absolute(url, address) if isinstance(address, str) else url
    found: dict[str, None] = {}
    for link in soup.find_all("a", href=True):
        href = link.get("href")
        if isinstance(href, str) and (target := _absolute(start or url, href)):
            found[target] = None
        if len(found) >= MAX_LINKS:
            break
    return list(found)


def _absolute(base: str, address: str) -> str:
    if len(address) > MAX_URL:
        return ""
    try:
        target = urljoin(base, address.strip())
    except ValueError:
        return ""
    return target if target.startswith(("http://", "https://")) else ""


def _drop_unread(soup: BeautifulSoup) -> None:
    """Remove what surrounds the text, and what the page's own markup hides.

    Text that a button unfolds is meant to be read.
    """
    unfolded = {
        name
        for tag in soup.find_all(None, {"aria-controls": True})
        for name in str(tag.get("aria-controls")).split()
    }

    def is_unread(tag: Tag) -> bool:
        if tag.name in AROUND:
            return True
        if tag.get("id") in unfolded or tag.get("hidden") == "until-found":
            return False
        return tag.has_attr("hidden") or bool(_HIDDEN.search(str(tag.get("style", ""))))

    drop(soup, is_unread)
