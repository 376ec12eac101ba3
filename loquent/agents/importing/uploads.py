"""From a file that is a source of knowledge to its parts, by the kind of file. Pure."""

from pathlib import PurePath

from loquent.agents.importing.files import KINDS, read_file
from loquent.agents.importing.parts import Beginning, FilePart, OpenedFile
from loquent.agents.importing.pdf import load_parser as load_parser
from loquent.agents.importing.pdf import open_pdf
from loquent.agents.importing.reading import MAX_PASSAGES, Reading
from loquent.agents.importing.word import read_word

MAX_UPLOAD_BYTES = 16 * 1024 * 1024
PDF, WORD = ".pdf", ".docx"
UPLOAD_KINDS = (PDF, WORD, *KINDS)
UNKNOWN = "Only PDF, Word (.docx), Markdown, CSV, HTML and text files can be read."
UNSTATED = "The file does not state its text encoding. Save it as UTF-8."


def ending_of(name: str) -> str:
    """Return a file's ending in lower case, with its dot."""
    return PurePath(name).suffix.lower()


def open_upload(data: bytes, *, name: str, start: int) -> OpenedFile:
    """Open a file, to read its parts from number `start`, which counts from 1. Never raises."""
    ending, stem = ending_of(name), PurePath(name).stem
    if ending == PDF:
        return open_pdf(data, name=stem, start=start)
    if ending == WORD:
        reading = read_word(data, name=stem)
    else:
        reading = read_file(name=name, data=data, max_bytes=MAX_UPLOAD_BYTES, most=MAX_PASSAGES)
    parts = _parts(reading, name)
    if not reading.drafts:
        why = UNSTATED if reading.choices else parts[0].refusal
        return OpenedFile(Beginning(refusal=why))
    return OpenedFile(Beginning(len(parts)), iter(parts[start - 1 :]))


def _parts(reading: Reading, name: str) -> list[FilePart]:
    """Return the whole file as one part, and what was skipped of it as others."""
    parts = [FilePart("", reading.drafts)] if reading.drafts else []
    for skipped in reading.skipped:
        what = skipped.what.removeprefix(name).lstrip(", ")
        parts.append(FilePart(f"#{what}" if what else "#", refusal=skipped.why))
    if reading.more:
        parts.append(FilePart("#…", refusal=f"{reading.more:,} more parts were skipped."))
    return parts
