"""What reading yields: the parts of an uploaded file, such as pages of a PDF; a web page. Pure."""

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


@dataclass(slots=True)
class WebPage:
    """A page that was read: entries, links, the address that it names; or why it has none."""

    title: str = ""
    canonical: str = ""
    links: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    refusal: str = ""
