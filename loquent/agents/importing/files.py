"""From an uploaded file to entries, by the kind of file. Pure."""

from pathlib import PurePath

from charset_normalizer import from_bytes

from loquent.agents.importing.documents import read_document
from loquent.agents.importing.html import read_page
from loquent.agents.importing.reading import Reading, refused
from loquent.agents.importing.tables import read_table
from loquent.text import clean_text, unix_lines

MAX_FILE_BYTES = 2 * 1024 * 1024
DOCUMENTS = frozenset({".md", ".markdown", ".txt", ".text"})
TABLES = frozenset({".csv", ".tsv"})
PAGES = frozenset({".html", ".htm", ".xhtml"})
KINDS = (*sorted(DOCUMENTS), *sorted(TABLES), *sorted(PAGES))


def read_file(*, name: str, data: bytes) -> Reading:
    """Return a file's entries, and what was skipped. Never raises because of its content."""
    path = PurePath(name.replace("\\", "/"))
    shown, ending = path.name, path.suffix.lower()
    if ending not in KINDS:
        return refused(shown, "Only Markdown, CSV, HTML and text files can be read.")
    if len(data) > MAX_FILE_BYTES:
        return refused(shown, f"The file is larger than {MAX_FILE_BYTES // 1024 // 1024} MB.")
    text = decode(data)
    if text is None:
        return refused(shown, "The file's text encoding can't be read. Save it as UTF-8.")
    text = clean_text(unix_lines(text))
    if not text.strip():
        return refused(shown, "It is empty.")
    if ending in TABLES:
        return read_table(text, name=shown)
    if ending in PAGES:
        return read_page(text, name=path.stem)
    return read_document(text, name=path.stem)


def decode(data: bytes) -> str | None:
    """Return the text of a file in any encoding; None if it is not text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        best = from_bytes(data).best()
        text = "\0" if best is None else str(best)
    return None if "\0" in text else text
