"""HTML: a page's text, as Markdown. Pure."""

import re

from bs4 import BeautifulSoup
from bs4.element import Tag
from bs4.exceptions import ParserRejectedMarkup

from loquent.agents.importing.documents import read_document
from loquent.agents.importing.markdown import drop, to_markdown
from loquent.agents.importing.reading import MAX_ENTRIES, MAX_TITLE, Reading, refused

# Elements around the text, or without text.
AROUND = frozenset(
    {
        "script", "style", "noscript", "template", "svg", "iframe", "object", "form", "button",
        "nav", "footer", "aside", "dialog", "title",
    }
)  # fmt: skip
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
        title = title_of(soup)
        url = _address(soup)
        drop(soup, lambda tag: tag.name in AROUND)
        markdown = to_markdown(main_part(soup))
    except RecursionError:
        return refused(name, "The file's elements are nested too deeply.")
    except ParserRejectedMarkup:
        return refused(name, "The file can't be read as HTML.")
    return read_document(markdown, name=name, url=url, title=title, most=most)


def main_part(soup: BeautifulSoup) -> Tag:
    """Return the element with the page's own text, once what surrounds it was dropped."""
    found = soup.find("main") or soup.find("article")
    if found is None and soup.body and not (soup.head and soup.head.get_text(strip=True)):
        found = soup.body
    # Where a page omits <body>, the parser takes HTML 5's elements for a part of the head.
    return found if isinstance(found, Tag) else soup


def title_of(soup: BeautifulSoup) -> str:
    """Return the page's first heading, else its title; cut, since each section repeats it."""
    heading = soup.find("h1") or soup.find("title")
    return heading.get_text(" ", strip=True)[:MAX_TITLE] if isinstance(heading, Tag) else ""


def _address(soup: BeautifulSoup) -> str:
    """Return the address that the page names; empty if there is none or it is not a web address."""
    canonical = soup.find("link", rel="canonical")
    social = soup.find("meta", property="og:url")
    for tag, attribute in ((canonical, "href"), (social, "content")):
        value = tag.get(attribute) if isinstance(tag, Tag) else None
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            return value.strip()
    return ""
