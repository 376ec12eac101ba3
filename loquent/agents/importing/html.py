"""HTML: a page's text, as Markdown. Pure."""

import re

from bs4 import BeautifulSoup
from bs4.element import Tag
from bs4.exceptions import ParserRejectedMarkup
from markdownify import MarkdownConverter

from loquent.agents.importing.documents import read_document
from loquent.agents.importing.reading import MAX_ENTRIES, Reading, refused

# Elements around the text, or without text.
AROUND = [
    "script", "style", "noscript", "template", "svg", "iframe", "object", "form", "button", "nav",
    "footer", "aside", "dialog", "head",
]  # fmt: skip
# Each uses about a kilobyte while the page is read.
MAX_ELEMENTS = 200_000
_ELEMENT = re.compile("<[a-zA-Z]")


def read_page(text: str, *, name: str, most: int = MAX_ENTRIES) -> Reading:
    """Return the entries of a page's main part, with the page's address if it names one."""
    if sum(1 for _ in _ELEMENT.finditer(text)) > MAX_ELEMENTS:
        return refused(name, f"The file has more than {MAX_ELEMENTS:,} elements.")
    try:
        # Python's own parser takes quadratic time for unclosed markup, and rejects some pages.
        soup = BeautifulSoup(text, "lxml")
        heading = soup.find("h1") or soup.find("title")
        title = heading.get_text(" ", strip=True) if isinstance(heading, Tag) else ""
        url = _address(soup)
        for tag in soup(AROUND):
            tag.decompose()
        root = soup.find("main") or soup.find("article") or soup.body or soup
        converter = MarkdownConverter(heading_style="ATX", bullets="-", strip=["img"])
        markdown = converter.convert_soup(root)
    except RecursionError:
        return refused(name, "The file's elements are nested too deeply.")
    except ParserRejectedMarkup:
        return refused(name, "The file can't be read as HTML.")
    lines = (line.rstrip() for line in markdown.strip().splitlines())
    return read_document("\n".join(lines), name=name, url=url, title=title, most=most)


def _address(soup: BeautifulSoup) -> str:
    """Return the address that the page names; empty if there is none or it is not a web address."""
    canonical = soup.find("link", rel="canonical")
    social = soup.find("meta", property="og:url")
    for tag, attribute in ((canonical, "href"), (social, "content")):
        value = tag.get(attribute) if isinstance(tag, Tag) else None
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            return value.strip()
    return ""
