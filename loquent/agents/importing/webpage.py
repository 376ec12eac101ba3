"""A page of a website: its text, its links, and whether there is any text without scripts. Pure."""

import re
from urllib.parse import urljoin

from bs4 import BeautifulSoup
from bs4.element import Tag
from bs4.exceptions import ParserRejectedMarkup
from markdownify import MarkdownConverter

from loquent.agents.importing.documents import read_document
from loquent.agents.importing.encodings import UnstatedError, decode, known_name
from loquent.agents.importing.html import AROUND, MAX_ELEMENTS
from loquent.agents.importing.parts import WebPage
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
        page = WebPage(_title(soup), _canonical(soup, url), _links(soup, url))
        has_scripts = soup.find("script") is not None
        _drop_hidden(soup)
        for tag in soup(AROUND):
            tag.decompose()
        root = soup.find("main") or soup.find("article") or soup.body or soup
        converter = MarkdownConverter(heading_style="ATX", bullets="-", strip=["img"])
        markdown = converter.convert_soup(root)
    except RecursionError:
        return WebPage(refusal="The page's elements are nested too deeply.")
    except ParserRejectedMarkup:
        return WebPage(refusal="The page can't be read as HTML.")
    markdown = "\n".join(line.rstrip() for line in markdown.strip().splitlines())
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


def _title(soup: BeautifulSoup) -> str:
    heading = soup.find("h1") or soup.find("title")
    return heading.get_text(" ", strip=True) if isinstance(heading, Tag) else ""


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
    try:
        target = urljoin(base, address.strip())
    except ValueError:
        return ""
    return target if target.startswith(("http://", "https://")) else ""


def _drop_hidden(soup: BeautifulSoup) -> None:
    """Remove what the page's own markup hides; text that a button unfolds is meant to be read."""
    unfolded = {
        name
        for tag in soup.select("[aria-controls]")
        for name in str(tag.get("aria-controls")).split()
    }
    for tag in soup.find_all(True):
        if tag.decomposed or tag.get("id") in unfolded or tag.get("hidden") == "until-found":
            continue
        if tag.has_attr("hidden") or _HIDDEN.search(str(tag.get("style", ""))):
            tag.decompose()
