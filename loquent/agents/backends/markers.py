"""Removes the marks that a model writes into its answer from the stream. Pure.

A model ends an answer with `[[none]]` to say that it found nothing. Visitors never see a mark, not
even half of one, so text that may become a mark is held back. Text in code is left alone.
"""

import re

# A mark as models write it, with spaces or in another case.
_MARK = re.compile(r"\[\[ {0,3}none {0,3}\]\]", re.IGNORECASE)
# The start of a mark, at the end of a text.
_START = re.compile(r"\[(?:\[(?: {0,3}(?:n(?:o(?:n(?:e {0,3}\]?)?)?)?)?)?)?\Z", re.IGNORECASE)
_HALF = re.compile(r"\[\[ {0,3}n.*", re.IGNORECASE)
# Longer runs of backticks or empty lines are not held back, so that the work stays linear.
_MOST_HELD = 64
_LONGEST_MARK = 14
_EDGE = re.compile(r"`+|\n[ \t]*\n")
_WORD = re.compile(r"\w")
# A run of so many backticks opens a block of code; a shorter one ends with its paragraph.
_BLOCK = 3


class MarkReader:
    """Removes the marks from the pieces of one answer, and remembers what they said.

    Code stands between two equally long runs of backticks. Markdown treats an unclosed run as
    text; a stream can't know that yet, so such a run is code until its paragraph ends.
    """

    def __init__(self) -> None:
        self._held = ""
        self._code = ""
        self._is_none = False
        self.has_text = False

    @property
    def is_none(self) -> bool:
        """Whether the answer ends with the mark that nothing was found."""
        return self._is_none

    def feed(self, text: str) -> str:
        """Return the text that can be shown now."""
        text = self._held + text
        sure = max(_sure_length(text), len(text) - _MOST_HELD)
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
                shown.append(self._keep(text[at : edge.end()]))
                self._code, at = "", edge.end()
        rest = text[at:]
        shown.append(self._keep(rest) if self._code else self._without_marks(rest))
        return "".join(shown)

    def _without_marks(self, text: str) -> str:
        pieces = _MARK.split(text)
        if len(pieces) > 1:
            self._is_none = True
        for piece in pieces[:-1]:
            self.has_text = self.has_text or bool(_WORD.search(piece))
        self._keep(pieces[-1])
        return "".join(pieces)

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
    line_end = text.find("\n", len(text.rstrip(" \t\n")))
    if line_end >= 0:
        return line_end
    start = _START.search(text, max(0, len(text) - _LONGEST_MARK))
    return start.start() if start else len(text)
