"""Splits an entry's text into passages that make sense by themselves. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

AIM = 500
MAXIMUM = 1_000
# A new section starts a new passage, unless the one before it would be shorter than this.
SHORTEST = 200
MAX_HEADING = 200
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*)$")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")


class Section(NamedTuple):
    """A passage, verbatim, and the headings above it that do not stand in it."""

    heading: str
    text: str


class _Heading(NamedTuple):
    level: int
    text: str


class _Block(NamedTuple):
    """A paragraph, with the headings before it, and all headings that stand in the block."""

    text: str
    headings: list[_Heading]
    starts_section: bool


def split_passages(content: str) -> list[str]:
    """Return the passages of a text, verbatim and in order, none over MAXIMUM characters."""
    return [section.text for section in split_sections(content)]


def count_passages(contents: Iterable[str]) -> int:
    """Return how many passages entries with these texts have together."""
    return sum(len(split_sections(content)) or 1 for content in contents)


def split_sections(content: str, title: str = "") -> list[Section]:
    """Return the passages of a Markdown text, each with the headings above it, but for `title`.

    Paragraphs stay whole if they fit; short ones are joined up to about AIM characters, but not
    with the next section. A heading stays with the text below it.
    """
    sections: list[Section] = []
    path: list[_Heading] = []
    above, current = "", ""
    for block in _blocks(_PARAGRAPH.split(content.replace("\r\n", "\n").strip())):
        is_cut = block.starts_section and len(current) >= SHORTEST
        before = _below(path, block.headings[0]) if block.starts_section else path
        for heading in block.headings:
            path = [*_below(path, heading), heading]
        for part in _parts(block.text):
            if current and (
                is_cut or len(current) >= AIM or len(current) + len(part) + 2 > MAXIMUM
            ):
                sections.append(Section(above, current))
                current, is_cut = "", False
            if not current:
                above = " – ".join(h.text for h in before if h.text != title)[:MAX_HEADING]
            current = f"{current}\n\n{part}" if current else part
            before = path
    if current:
        sections.append(Section(above, current))
    return sections


def _blocks(paragraphs: Iterable[str]) -> Iterator[_Block]:
    """Yield the paragraphs, joined with those before them that are only headings."""
    text, headings, starts_section, is_code = "", list[_Heading](), False, False
    for paragraph in paragraphs:
        is_only_headings = True
        for number, line in enumerate(paragraph.split("\n")):
            if _FENCE.match(line):
                is_code = not is_code
            found = None if is_code else _HEADING.match(line)
            if found is None:
                is_only_headings = False
                continue
            name = found[2].rstrip().rstrip("#").rstrip() or found[2]
            headings.append(_Heading(len(found[1]), name[:MAX_HEADING]))
            starts_section = starts_section or (number == 0 and not text)
        text = f"{text}\n\n{paragraph.strip()}" if text else paragraph.strip()
        if not is_only_headings:
            yield _Block(text, headings, starts_section)
            text, headings, starts_section = "", [], False
    if text:
        yield _Block(text, headings, starts_section)


def _below(path: list[_Heading], heading: _Heading) -> list[_Heading]:
    """Return the headings of the path under which a heading stands."""
    return [above for above in path if above.level < heading.level]


def _parts(paragraph: str) -> list[str]:
    """Return a paragraph cut between sentences, or anywhere if a sentence is too long."""
    parts: list[str] = []
    rest = paragraph
    while len(rest) > MAXIMUM:
        ends = [match.start() for match in _SENTENCE.finditer(rest, 1, MAXIMUM)]
        cut = ends[-1] if ends else rest.rfind(" ", 1, MAXIMUM)
        if cut <= 0:
            cut = MAXIMUM
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        parts.append(rest)
    return parts
