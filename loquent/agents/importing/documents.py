"""Markdown and plain text: one entry, or several if a document is long. Pure."""

import re
from collections.abc import Iterator

from loquent.agents.importing.reading import MAX_ENTRIES, Draft, Reading

# A longer document is split, so that each entry is about one thing, and its title says which.
LONG = 8_000
_HEADING = re.compile(r"^ {0,3}#{1,3}[ \t]+(.+)$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def read_document(
    text: str, *, name: str, url: str = "", title: str = "", most: int = MAX_ENTRIES
) -> Reading:
    """Return a document's entries, titled by its first heading, else `title`, or else `name`."""
    reading = Reading(most=most)
    sections = list(_sections(text))
    first = next((heading for heading, _ in sections if heading), "")
    title = title or first or name
    if len(text) <= LONG:
        reading.add(Draft(title, text, url), what=name)
        return reading
    for heading, body in sections:
        about = title if heading in {"", title} else f"{title} – {heading}"
        parts = list(_parts(body))
        for number, part in enumerate(parts, 1):
            label = about if len(parts) == 1 else f"{about} ({number})"
            # A heading with nothing below it says nothing by itself.
            if part.strip() and not _is_heading_alone(part):
                reading.add(Draft(label, part, url))
    if not reading.drafts and not reading.skipped:
        reading.add(Draft(title, "", url), what=name)
    return reading


def _is_heading_alone(part: str) -> bool:
    return "\n" not in part.strip() and _heading_of(part.strip()) is not None


def _heading_of(line: str) -> str | None:
    """Return the text of a line that is a heading, without the marks that may close it."""
    found = _HEADING.match(line)
    return found and (found[1].rstrip("#").rstrip(" \t") or found[1][0])


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces between headings, each with its heading; code contains no headings."""
    heading, lines, fence = "", list[str](), ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        found = None if fence else _heading_of(line)
        if found:
            if lines:
                yield heading, "\n".join(lines)
            heading, lines = found, []
        lines.append(line)
    if lines:
        yield heading, "\n".join(lines)


def _parts(body: str) -> Iterator[str]:
    """Yield a section in pieces of about LONG characters, cut between paragraphs."""
    part = ""
    for paragraph in re.split(r"\n\s*\n", body):
        if part and len(part) + len(paragraph) > LONG:
            yield part
            part = ""
        part = f"{part}\n\n{paragraph}" if part else paragraph
    yield part
