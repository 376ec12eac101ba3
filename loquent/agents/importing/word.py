"""DOCX, the files of Word: the text with its headings, lists and tables, as Markdown. Pure."""

import io
import zipfile
from typing import Any

from loquent.agents.importing.reading import MAX_PASSAGES, Reading, refused
from loquent.text import clean_text

# Of all parts that hold text, unpacked. A file of 16 MiB consists mostly of pictures.
MAX_TEXT_BYTES = 48 * 1024 * 1024
DAMAGED = "The file can't be read as a Word file. It may be damaged."
LOCKED = "The file is protected by a password. Save it without one."
TOO_BIG = f"The file has more than {MAX_TEXT_BYTES // 1024 // 1024} MB of text and formatting."
NO_TEXT = "The file has no text. It may consist of pictures."
STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"
# The format of old Word files, which also holds encrypted new ones.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_word(data: bytes, *, name: str) -> Reading:
    """Return the entries of a DOCX file. Never raises because of its content."""
    if data.startswith(_COMPOUND):
        return refused(name, LOCKED)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [
                part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))
            ]
        if sum(part.file_size for part in parts) > MAX_TEXT_BYTES:
            return refused(name, TOO_BIG)
        html = _html_of(data)
    except MemoryError:
        raise
    except RecursionError:
        return refused(name, "The file's elements are nested too deeply.")
    except Exception:  # noqa: BLE001 - a damaged file may make the parser raise anything
        return refused(name, DAMAGED)
    if not html.strip():
        return refused(name, NO_TEXT)
    from loquent.agents.importing.html import read_page  # noqa: PLC0415 - see files.py

    return read_page(f"<body>{clean_text(html)}</body>", name=name, most=MAX_PASSAGES)


def _html_of(data: bytes) -> str:
    # Only the process that reads files needs it in memory.
    import mammoth  # noqa: PLC0415

    def no_picture(_: Any) -> list[Any]:
        return []

    converted = mammoth.convert_to_html(
        io.BytesIO(data), style_map=STYLES, convert_image=no_picture, external_file_access=False
    )
    return str(converted.value)
