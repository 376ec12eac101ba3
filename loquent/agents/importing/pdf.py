"""PDF: a page becomes an entry, titled by its bookmark and its number. Pure."""

import io
import re
from collections.abc import Iterator
from typing import Any

from loquent.agents.importing.documents import read_document
from loquent.agents.importing.parts import Beginning, FilePart, OpenedFile
from loquent.agents.importing.reading import MAX_CONTENT
from loquent.text import clean_text, normalize_unicode, unix_lines

MAX_PAGES = 2_000
MAX_BOOKMARKS = 5_000
DAMAGED = "The file can't be read as PDF. It may be damaged."
LOCKED = "The file is protected by a password. Save it without one."
TOO_MANY = f"The file has more than {MAX_PAGES:,} pages. Split it."
NO_PAGES = "The file has no pages."
PICTURE = "The page has no text. It may be a picture, such as a scan."
SCAN = (
    "This PDF has no text: its pages may be pictures, such as scans. Save it with recognized "
    "text (OCR)."
)
BAD_PAGE = "The page can't be read. It may be damaged."
TOO_LONG = f"The page has more than {MAX_CONTENT:,} characters."
HEAVY_PAGE = "The page takes too much memory to read."
# Ligatures, and the shapes of Arabic letters: fonts have them as characters, questions don't.
_SHAPES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]+")
# A word that a line break divides. A capital letter afterwards belongs to a word of its own.
_DIVIDED = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]\n(?=[^\W\d_])(?![A-ZÄÖÜ])")


def load_parser() -> None:
    """Import the parser with what it needs for encrypted files."""
    import pypdf  # noqa: F401, PLC0415 - only the process that reads files needs it in memory


def open_pdf(data: bytes, *, name: str, start: int) -> OpenedFile:
    """Open a PDF, to read its pages from number `start`, which counts from 1. Never raises."""
    import pypdf  # noqa: PLC0415 - see load_parser

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        # Many files without a password to open them are encrypted, to forbid editing.
        if reader.is_encrypted and not reader.decrypt(""):
            return OpenedFile(Beginning(refusal=LOCKED))
        total = len(reader.pages)
    except (pypdf.errors.WrongPasswordError, pypdf.errors.DependencyError):
        return OpenedFile(Beginning(refusal=LOCKED))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged file may make the parser raise anything
        return OpenedFile(Beginning(refusal=DAMAGED))
    if total > MAX_PAGES or not total:
        return OpenedFile(Beginning(refusal=TOO_MANY if total else NO_PAGES))
    return OpenedFile(Beginning(total), _pages(reader, name, start))


def _pages(reader: Any, name: str, start: int) -> Iterator[FilePart]:
    topics = _topics(reader)
    topic = ""
    for number in range(1, len(reader.pages) + 1):
        topic = topics.get(number, topic)
        if number >= start:
            about = f"{name} – {topic}" if topic else name
            yield _page(reader, number, f"{about[:180]}, page {number}")


def _page(reader: Any, number: int, title: str) -> FilePart:
    import pypdf  # noqa: PLC0415 - see load_parser

    part = FilePart(f"#page={number}")
    try:
        text = _readable(reader.pages[number - 1].extract_text())
    except (MemoryError, pypdf.errors.LimitReachedError):
        part.refusal = HEAVY_PAGE
    except Exception:  # noqa: BLE001 - see open_pdf
        part.refusal = BAD_PAGE
    else:
        if len(text) > MAX_CONTENT:
            part.refusal = TOO_LONG
        elif not text:
            part.refusal = PICTURE
        else:
            part.drafts = read_document(text, name=title, title=title).drafts
            part.refusal = "" if part.drafts else PICTURE
    return part


def _readable(text: str) -> str:
    text = clean_text(unix_lines(text))
    text = _SHAPES.sub(lambda found: normalize_unicode("NFKC", found[0]), text)
    text = _DIVIDED.sub("", text)
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def _topics(reader: Any) -> dict[int, str]:
    """Return the first bookmark of each page that has one, by the page's number."""
    found: dict[int, str] = {}
    try:
        numbers = {
            page.indirect_reference.idnum: number
            for number, page in enumerate(reader.pages, 1)
            if page.indirect_reference is not None
        }
        left = [reader.outline]
        for _ in range(MAX_BOOKMARKS):
            if not left:
                break
            item = left.pop()
            if isinstance(item, list):
                left += reversed(item)
                continue
            number = numbers.get(getattr(item.page, "idnum", 0), 0)
            title = " ".join(clean_text(str(item.title)).split())
            if number and title:
                found.setdefault(number, title[:100])
    except Exception:  # noqa: BLE001 - see open_pdf; the pages can be read without bookmarks
        return found
    return found
