"""Removes the marks that a model writes into its answer from the stream. Pure.

A model ends an answer with `[[none]]` to say that it found nothing, and copies `[[2]]` behind what
it took from the second entry. Visitors never see a mark, not even half of one, so text that may
become a mark is held back. Text in code is left alone.
"""

import re
from collections.abc import Sequence

from loquent.agents.backends.links import MAX_HELD, GivenAddresses, open_length
from loquent.agents.search.index import Hit
from loquent.agents.types import Source

# A mark as models write it: with spaces, in another case, or with several numbers.
_MARK = re.compile(
    r"\[\[ {0,3}(none|\d{1,3}(?: {0,2}[,;] {0,2}\d{1,3}){0,7}) {0,3}\]\]", re.IGNORECASE
)
# The start of a mark, at the end of a text.
_START = re.compile(r"\[(?:\[[ ,;\dnone]{0,66}\]?)?\Z", re.IGNORECASE)
_HALF = re.compile(r"\[\[ {0,3}(?:n|\d)[^\]\n]{0,66}\]?\Z", re.IGNORECASE)
_LONGEST_MARK = 70
# Longer runs of backticks or empty lines are not held back, so that the work stays linear.
_MOST_HELD = 80
_EDGE = re.compile(r"`+|\n[ \t\r]*\n")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w")
# A run of so many backticks opens a block of code; a shorter one ends with its paragraph.
_BLOCK = 3


class MarkReader:
    """Removes the marks from the pieces of one answer, and remembers what they said.

    Code stands between two equally long runs of backticks. Markdown treats an unclosed run as
    text; a stream can't know that yet, so such a run is code until its paragraph ends.
    """

    def __init__(self, entries: Sequence[Source] = (), given: GivenAddresses | None = None) -> None:
        """`entries`: what the model was given as [[1]], [[2]] …; ones without a link are not cited.

        `given`: the only addresses that stay links; None: all do.
        """
        self._entries = entries
        self._given = given
        self._cited: dict[str, Source] = {}
        self._held = ""
        self._code = ""
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
        text = self._held + text
        sure = max(_sure_length(text), len(text) - _MOST_HELD)
        if self._given is not None:
            whole = min(sure, len(text) - open_length(text))
            # The word that is held back may be the end of a mark: [[1, 2]].
            sure = max(_sure_length(text[:whole]), len(text) - MAX_HELD)
        self._held = text[sure:]
        return self._read(text[:sure])

    def finish(self) -> str:
        """Return what was held back, unless it is a mark that was cut off."""
        text, self._held = self._held, ""
        return self._read(text if self._code else _HALF.sub("", text))

    def _read(self, text: str) -> str:
        shown: list[str] = []
        at = 0
        for edge in _EDGE.finditer(text):
            is_run = edge[0].startswith("`")
            if not self._code:
                if is_run:
                    shown.append(self._without_marks(text[at : edge.start()]))
                    self._code, at = edge[0], edge.start()
            elif edge[0] == self._code or (not is_run and len(self._code) < _BLOCK):
                shown.append(self._code_text(text[at : edge.end()]))
                self._code, at = "", edge.end()
        rest = text[at:]
        shown.append(self._code_text(rest) if self._code else self._without_marks(rest))
        return "".join(shown)

    def _code_text(self, text: str) -> str:
        self._keep(text)
        is_block = len(self._code) >= _BLOCK
        return text if is_block or self._given is None else self._given.clean_code(text)

    def _without_marks(self, text: str) -> str:
        shown: list[str] = []
        at = 0
        for mark in _MARK.finditer(text):
            before, at = text[at : mark.start()], mark.end()
            if mark[1].lower() == "none":
                self.has_text = self.has_text or bool(_WORD.search(before))
                self._is_none = True
                shown.append(before)
            else:
                shown += [self._keep(before), self._numbers(mark[1])]
        text = "".join([*shown, self._keep(text[at:])])
        return text if self._given is None else self._given.clean(text)

    def _numbers(self, listed: str) -> str:
        """Return the visible numbers of a mark; unknown ones and those without a link vanish."""
        numbers = []
        for number in map(int, _NUMBER.findall(listed)):
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


def _sure_length(text: str) -> int:
    """Return how much of the text can't become a mark, a run of backticks or a blank line."""
    length = len(text.rstrip("`"))
    if length < len(text):
        return length
    line_end = text.find("\n", len(text.rstrip(" \t\r\n")))
    if line_end >= 0:
        return line_end
    start = _START.search(text, max(0, len(text) - _LONGEST_MARK))
    return start.start() if start else len(text)
