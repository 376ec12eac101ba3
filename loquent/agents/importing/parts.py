"""What reading an uploaded file yields: its parts, such as the pages of a PDF. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from loquent.agents.importing.reading import Draft


@dataclass(slots=True)
class FilePart:
    """A part of a file: its entries, or why it has none.

    `label`: names the part within the file, such as `#page=3`; empty for a file without parts.
    """

    label: str = ""
    drafts: list[Draft] = field(default_factory=list)
    refusal: str = ""


@dataclass(slots=True)
class Beginning:
    """How many parts a file has, or why it can't be read as a whole."""

    total: int = 0
    refusal: str = ""


@dataclass(slots=True)
class OpenedFile:
    """A file of which parts are read one after the other, from the one that was asked for."""

    beginning: Beginning
    parts: Iterator[FilePart] = field(default_factory=lambda: iter(()))
