"""From an uploaded file to entries, by the kind of file. Pure."""

import re
from pathlib import PurePath

from loquent.agents.importing.documents import read_document
from loquent.agents.importing.encodings import UnstatedError, decode
from loquent.agents.importing.reading import MAX_ENTRIES, Reading, refused
from loquent.agents.importing.records import (
    BROKEN,
    looks_like_json,
    parse_json,
    read_records,
)
from loquent.agents.importing.tables import read_table
from loquent.text import clean_text, unix_lines

MAX_FILE_BYTES = 2 * 1024 * 1024
DOCUMENTS = frozenset({".md", ".markdown", ".txt", ".text"})
TABLES = frozenset({".csv", ".tsv"})
PAGES = frozenset({".html", ".htm", ".xhtml"})
KINDS = (*sorted(DOCUMENTS), *sorted(TABLES), *sorted(PAGES))


# How files of other kinds begin, whatever their names are. A ZIP is also an Office document.
SIGNATURES = (
    (b"PK\x03\x04", "an Excel, Word or ZIP file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
)
PAGE_AS_TABLE = "The file can't be read: it is a web page or XML with another name. Save it as CSV."
_PAGE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype\s+html\b|<html[\s>])", re.IGNORECASE)
_MARKUP = re.compile(r"\s*<(?:\?xml|!--|(?:head|body|meta|style|table)[\s>])", re.IGNORECASE)
# Page breaks and the line breaks of some programs; without them two words would become one.
_BREAKS = str.maketrans("\x0b\x0c", "\n\n")


def read_file(
    *,
    name: str,
    data: bytes,
    encoding: str | None = None,
    max_bytes: int = MAX_FILE_BYTES,
    most: int = MAX_ENTRIES,
) -> Reading:
    """Return a file's entries, and what was skipped. Never raises because of its content.

    `encoding` (a name in `encodings`) is used if the file does not state its own. Without it, the
    reading of such a file has the `choices` instead of entries. At most `most` entries are read.
    """
    path = PurePath(name.replace("\\", "/"))
    shown, ending = path.name, path.suffix.lower()
    if ending not in KINDS:
        return refused(shown, "Only Markdown, CSV, HTML and text files can be read.")
    if len(data) > max_bytes:
        return refused(shown, f"The file is larger than {max_bytes // 1024 // 1024} MB.")
    for start, what in SIGNATURES:
        if data.startswith(start):
            wanted = "Save it as CSV." if ending in TABLES else "Save it as text."
            return refused(
                shown, f"The file can't be read: it is {what} with another name. {wanted}"
            )
    try:
        text = decode(data, encoding=encoding, is_page=ending in PAGES).lstrip("\ufeff")
    except UnstatedError as error:
        reading = refused(shown, str(error))
        reading.choices = error.choices
        return reading
    text = clean_text(unix_lines(text.translate(_BREAKS)))
    if not text.strip():
        return refused(shown, "It is empty.")
    is_page = _PAGE.match(text) is not None
    if ending in TABLES and (is_page or _MARKUP.match(text)):
        return refused(shown, PAGE_AS_TABLE)
    if ending not in PAGES and (value := parse_json(text)) is not None:
        return read_records(value, name=shown, most=most)
    if ending in TABLES:
        if looks_like_json(text):
            return refused(shown, BROKEN)
        return read_table(text, name=shown, most=most)
    if ending in PAGES or is_page:
        # Only the process that reads files needs the parser in memory.
        from loquent.agents.importing.html import read_page  # noqa: PLC0415

        return read_page(text, name=path.stem, most=most)
    return read_document(text, name=path.stem, most=most)
