"""Removes the marks that a model writes into its answer from the stream. Pure.

A model ends an answer with `[[none]]` to say that it found nothing, and copies `[[2]]` behind what
it took from the second entry. Visitors never see a mark, not even half of one, so text that may
become a mark is held back. Text in code is left alone.
"""

import re
from collections.abc import Iterable, Sequence

from loquent.agents.backends.code_spans import CodeSplitter, Piece
from loquent.agents.backends.links import GivenAddresses, LinkFilter
from loquent.agents.backends.marks import (
    HALF,
    HALF_DOUBLE,
    LONGEST,
    MARK,
    START,
    Listed,
    read_list,
)
from loquent.agents.search.index import Hit
from loquent.agents.types import Source

_WORD = re.compile(r"\w")
# Control characters are not shown, so they must not keep a mark from being one.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")
_BRACKETS = re.compile(r"[\[\]［］]")
_NUMBER = re.compile(r"\[\d{1,2}\](?![(:])")
# Longer numbers in one pair of brackets are text: [404].
_SHORT = 99
# Quotes, emphasis and the like before the first word of a line.
_LONGEST_LEAD = 40


class MarkReader:
    """Removes the marks from the pieces of one answer, and remembers what they said."""

    def __init__(self, entries: Sequence[Source] = (), given: GivenAddresses | None = None) -> None:
        """`entries`: what the model was given as [[1]], [[2]] …; ones without a link are not cited.

        `given`: the only addresses that stay links; None: all do.
        """
        self._entries = entries
        self._links = LinkFilter(given) if given is not None else None
        self._code = CodeSplitter()
        self._cited: dict[str, Source] = {}
        self._held = ""
        self._ticks = 1
        self._is_line_start = True
        self._is_none = False
        self.has_text = False

    @property
    def cited(self) -> tuple[Source, ...]:
        """The linked entries that the answer cites: the first is [1] in the text."""
        return tuple(self._cited.values())

    def cites(self, hit: Hit) -> bool:
        """Return whether the answer cites the entry of a passage."""
        return hit.url in self._cited

    @property
    def is_none(self) -> bool:
        """Whether the answer ends with the mark that nothing was found."""
        return self._is_none

    def feed(self, text: str) -> str:
        """Return the text that can be shown now."""
        return self._show(self._code.feed(_CONTROLS.sub("", text)))

    def finish(self) -> str:
        """Return what was held back, unless it is a mark that was cut off."""
        shown = self._show(self._code.feed("", is_end=True))
        text, self._held = HALF_DOUBLE.sub("", self._held), ""
        if self._entries:
            text = HALF.sub("", text)
        return shown + self._linked(self._without_marks(text)) + self._flush_links()

    def _show(self, pieces: Iterable[Piece]) -> str:
        shown: list[str] = []
        for kind, text, ticks in pieces:
            if kind == "text":
                if ticks != self._ticks:
                    shown.append(self._flush_text())
                    self._ticks = ticks
                self._held += text
                start = START.search(self._held, max(0, len(self._held) - LONGEST))
                sure = start.start() if start else len(self._held)
                read, self._held = self._held[:sure], self._held[sure:]
                shown.append(self._linked(self._without_marks(read)))
            else:
                shown += [self._flush_text(), self._flush_links(text)]
                self._is_line_start = text.endswith("\n")
                self._keep(text)
                is_span = kind == "span"
                shown.append(self._links.code(text) if is_span and self._links else text)
        return "".join(shown)

    def _flush_text(self) -> str:
        text, self._held = self._held, ""
        return self._linked(self._without_marks(text))

    def _flush_links(self, after: str = "") -> str:
        return self._links.flush(after) if self._links is not None else ""

    def _linked(self, text: str) -> str:
        return self._links.feed(text, self._ticks) if self._links is not None else text

    def _without_marks(self, text: str) -> str:
        shown: list[str] = []
        at = 0
        for found in MARK.finditer(text):
            before = text[at : found.start()]
            read = self._read(found, is_line_start=self._starts_line(text, found.start()))
            if read is None:
                continue
            at = found.end()
            left, listed, right = read
            shown.append(self._keep(before))
            if listed.is_none and not self._known(listed.numbers):
                self._is_none = True
            shown += [left, self._numbers(listed.numbers), right]
        shown.append(self._keep(text[at:]))
        self._is_line_start = self._starts_line(text, len(text))
        return "".join(shown)

    def _starts_line(self, text: str, at: int) -> bool:
        start = text.rfind("\n", max(0, at - _LONGEST_LEAD), at) + 1
        has_lead = start > 0 or (self._is_line_start and at <= _LONGEST_LEAD)
        return has_lead and not text[start:at].strip(" \t*#>-")

    def _read(self, found: re.Match[str], *, is_line_start: bool) -> tuple[str, Listed, str] | None:
        """Return a mark, with the stray brackets around it; None if it is text."""
        if found["group"]:
            return "", read_list(_BRACKETS.sub(" ", found["group"])) or Listed(()), ""
        if found["wide"]:
            return self._read_wide(found, is_line_start=is_line_start)
        inner = found["inner"]
        listed = read_list(inner)
        left, right = (len(_BRACKETS.findall(found[side])) for side in ("open", "close"))
        after = found.string[found.end() : found.end() + 1]
        if min(left, right) >= 2:
            if listed is None and not (_has_digit(inner) or not _WORD.search(inner)):
                return None
            return "[" * (left - right), listed or Listed(()), "]" * (right - left)
        if left >= 2:
            # One bracket is missing; or it is an array of arrays, of which this is the first.
            is_mark = listed is not None and len(listed.numbers) < 2 and after not in {",", ";"}
            return ("", listed, "") if listed and is_mark else None
        return self._read_single(inner, listed, after, "]" * (right - 1))

    def _read_single(
        self, inner: str, listed: Listed | None, after: str, right: str
    ) -> tuple[str, Listed, str] | None:
        """Read a mark in one pair of brackets, which may as well be text or a link."""
        if after == "(":
            return None
        if listed is None:
            return ("", Listed(()), right) if self._entries and _is_trained(inner) else None
        if not listed.numbers:
            return "", listed, right
        is_one = len(listed.numbers) == 1
        is_short = is_one and 0 < listed.numbers[0] <= _SHORT
        is_known = all(0 < number <= len(self._entries) for number in listed.numbers)
        if not is_one and (right or after in {",", ";"}):
            # One row of an array of arrays.
            return None
        return ("", listed, right) if self._entries and (is_known or is_short) else None

    def _read_wide(
        self, found: re.Match[str], *, is_line_start: bool
    ) -> tuple[str, Listed, str] | None:
        inner = found["within"]
        if _is_trained(inner):
            return "", Listed(()), ""
        listed = read_list(inner)
        # 【1】 at the start of a line is a heading.
        if listed is None or (is_line_start and len(found["wide"]) == 1):
            return None
        return "", listed, ""

    def _known(self, numbers: Iterable[int]) -> bool:
        return any(0 < number <= len(self._entries) for number in numbers)

    def _numbers(self, listed: Iterable[int]) -> str:
        """Return the visible numbers of a mark; unknown ones and those without a link vanish."""
        numbers = []
        for number in listed:
            entry = self._entries[number - 1] if 0 < number <= len(self._entries) else None
            if entry is not None and entry["url"]:
                self._cited.setdefault(entry["url"], entry)
                numbers.append(list(self._cited).index(entry["url"]) + 1)
        return "".join(f"[{number}]" for number in dict.fromkeys(numbers))

    def _keep(self, text: str) -> str:
        if _WORD.search(text):
            # Text after a mark revokes it.
            self._is_none = False
            self.has_text = True
        return text


def without_numbers(answer: str) -> str:
    """Return an answer without the visible numbers of its sources."""
    if "[1]" not in answer:
        return answer
    pieces = CodeSplitter().feed(answer, is_end=True)
    return "".join(
        _NUMBER.sub("", piece.text) if piece.kind == "text" else piece.text for piece in pieces
    )


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)


def _is_trained(inner: str) -> bool:
    """Return whether this is a mark such as 4:0†source, which refers to nothing here."""
    return "†" in inner and _has_digit(inner)
