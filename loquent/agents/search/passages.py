"""Splits an entry's text into passages that make sense by themselves. Pure."""

import re

AIM = 500
MAXIMUM = 1_000
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n")


def split_passages(content: str) -> list[str]:
    """Return the passages of a text, verbatim and in order, none over MAXIMUM characters.

    Paragraphs stay whole if they fit; short ones are joined up to about AIM characters, so that
    a heading stays with its text.
    """
    passages: list[str] = []
    current = ""
    for paragraph in _PARAGRAPH.split(content.replace("\r\n", "\n").strip()):
        for part in _parts(paragraph.strip()):
            if current and (len(current) >= AIM or len(current) + len(part) + 2 > MAXIMUM):
                passages.append(current)
                current = ""
            current = f"{current}\n\n{part}" if current else part
    if current:
        passages.append(current)
    return passages


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
