"""HTML elements as Markdown, in time that is in proportion to their number. Pure."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from bs4.element import Tag
from markdownify import MarkdownConverter

MAX_START, MAX_COLUMNS = 1_000_000_000, 1_000
ROWS = frozenset({"thead", "tbody", "tfoot", "tr"})
# The converter's patterns take quadratic time for a longer run of white space.
_LONG_BLANK = re.compile(r"[ \t]{100,}")
_BLANK_LINES = re.compile(r"[ \n]*\n")


def to_markdown(root: Tag) -> str:
    """Return an element's text as Markdown, without trailing white space."""
    for text in root.find_all(string=_LONG_BLANK):
        # Comments are strings, too, and stay comments.
        text.replace_with(type(text)(_LONG_BLANK.sub(" ", text)))
    for cell in root.find_all(["td", "th"], colspan=True):
        cell["colspan"] = str(_number(cell["colspan"], most=MAX_COLUMNS))
    markdown = _Converter(heading_style="ATX", strip=["img"], strip_pre=None).convert_soup(root)
    return "\n".join(line.rstrip() for line in markdown.strip().splitlines())


def drop(root: Tag, is_dropped: Callable[[Tag], bool]) -> None:
    """Remove elements, looking at each element once.

    `decompose` searches an element among its siblings, and `decomposed` in all that it contains.
    """
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        for index in range(len(parent.contents) - 1, -1, -1):
            child = parent.contents[index]
            if not isinstance(child, Tag):
                continue
            if is_dropped(child):
                child.extract(index)
            else:
                waiting.append(child)


class _Converter(MarkdownConverter):
    """Replaces the conversions that count or search other elements, once for each element."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._numbers: defaultdict[int, Iterator[int]] = defaultdict(count)

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        # Items are converted in the order of the page.
        number = next(self._numbers[id(el.parent)])
        text = text.strip()
        if not text:
            return "\n"
        bullet = "- "
        if el.parent is not None and el.parent.name == "ol":
            bullet = f"{_number(el.parent.get('start'), most=MAX_START) + number}. "
        indent = " " * len(bullet)
        lines = "\n".join(f"{indent}{line}" if line else "" for line in text.split("\n"))
        return f"{bullet}{lines[len(bullet) :]}\n"

    def convert_tr(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        before = el.find_previous_sibling()
        if before is None and el.parent is not None and el.parent.name in ROWS:
            before = el.parent.find_previous_sibling()
            if before is not None and before.name not in ROWS:
                before = None
        # Only the first row can be the head of the table.
        if before is not None:
            return f"|{text}\n"
        return str(super().convert_tr(el, text, parent_tags))  # type: ignore[misc]

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        start = _BLANK_LINES.match(text)
        text = text[start.end() if start else 0 :].rstrip(" \n")
        return str(super().convert_pre(el, text, parent_tags))  # type: ignore[misc]


def _number(written: object, *, most: int) -> int:
    """Return a whole number from an attribute; 1 if it has another form."""
    digits = str(written).strip()
    if not digits.isascii() or not digits.isdigit():
        return 1
    return min(int(digits[:20]), most)
