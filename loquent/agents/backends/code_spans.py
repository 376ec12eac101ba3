"""Tells the text of a growing markdown answer from the code in it. Pure.

Code is what the widget shows as code: blocks between fences, indented blocks, and spans between two
equally long runs of backticks in one paragraph. What can't be decided yet is held back, so that
the result does not depend on how the answer was cut.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

# The longest span of code, and the longest line that is held back to see whether it is a fence.
_LONGEST_SPAN = 300
_LONGEST_LINE = 200
_MOST_NESTED = 8
_QUOTE = re.compile(r"[ \t]{0,3}>(?:[ \t]{0,3}>)* ?")
_ITEM = re.compile(r"([ \t]*)(?:[-*+•]|\d{1,9}[.)])(?:[ \t]+|$)")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,}(?!~))[^`]*$")
_CLOSING = re.compile(r"[ \t>]*(?:`*|~*)[ \t]*")
_NO_PARAGRAPH = re.compile(r" {0,3}(?:#{1,6}[ \t]|([-*_])(?: *\1){2,} *$)")
# The start of a line that may still become a fence, an item or an indented block.
_UNSURE = re.compile(
    r"(?:[ \t>•]|[-*+](?=[ \t]|$)|\d{1,9}(?:[.)](?=[ \t]|$)|$))*"
    r"(?:`{3,}[^`]*|~{3,}[^`]*|`{0,2}|~{0,2}|#{0,6})|[-*_ ]*"
)
_TOKEN = re.compile(r"\\.|`+|\n")
# What ends a paragraph: a blank line, or a line that starts another block.
_PARAGRAPH_END = re.compile(
    r"\n(?=[ \t]*\n|[ \t]*(?:```|~~~)| {0,3}(?:#{1,6}[ \t]|>)|[ \t]*(?:[-*+•]|1[.)])[ \t]+\S)"
)


class Piece(NamedTuple):
    """A part of an answer: text, a block of code, or a span of code with its backticks.

    `ticks`: how long a run of backticks must be at least to open a span here, as shorter ones in
    the paragraph are not closed.
    """

    kind: Literal["text", "block", "span"]
    text: str
    ticks: int = 1


class CodeSplitter:
    """Cuts an answer, which arrives in pieces, into text and code."""

    def __init__(self) -> None:
        self._held = ""
        self._is_line_start = True
        self._in_code = False  # the rest of the line is code
        self._fence = ""
        self._is_quoted = False
        self._is_indented = False
        # Spaces before the first line of an answer are removed, so it is no indented block.
        self._is_begun = False
        self._has_paragraph = True
        self._lists: list[tuple[int, int]] = []  # the columns of each marker and of its text
        self._ticks = 1

    def feed(self, text: str, *, is_end: bool = False) -> list[Piece]:
        """Return the parts that are decided now; at the end of the answer, all."""
        self._held += text
        pieces: list[Piece] = []
        for piece in self._pieces(is_end=is_end):
            last = pieces[-1] if pieces else None
            if last and piece.kind != "span" and last[::2] == piece[::2]:
                pieces[-1] = last._replace(text=last.text + piece.text)
            elif piece.text:
                pieces.append(piece)
        return pieces

    def _pieces(self, *, is_end: bool) -> Iterator[Piece]:
        text, at = self._held, 0
        while at < len(text):
            if self._is_line_start:
                end = text.find("\n", at)
                line = text[at:] if end < 0 else text[at:end]
                if end < 0 and not is_end and self._is_unsure(line):
                    break
                self._start_line(line)
                self._is_line_start = False
            if self._in_code:
                end = text.find("\n", at) + 1
                self._is_line_start = end > 0
                yield Piece("block", text[at : end or len(text)])
                at = end or len(text)
                continue
            before = at
            for piece in self._inline(text, at, is_end=is_end):
                yield piece
                at += len(piece.text)
            if at == before or not self._is_line_start:
                break
        self._held = text[at:]

    def _is_unsure(self, line: str) -> bool:
        if len(line) > _LONGEST_LINE:
            return False
        # Without its quotation mark, a line ends a fence in a quotation.
        is_fenced = self._fence and not self._is_quoted
        return bool(_CLOSING.fullmatch(line) or (not is_fenced and _UNSURE.fullmatch(line)))

    def _start_line(self, line: str) -> None:
        """Decide whether a line is code; of a long one, its start is enough."""
        quote = _QUOTE.match(line)
        body = line[quote.end() :] if quote else line
        if self._fence and (quote or not self._is_quoted):
            run = body.strip()
            if run.startswith(self._fence) and not run.strip(self._fence[0]):
                self._fence = ""
            return
        self._fence = ""
        if bool(quote) != self._is_quoted:
            self._is_quoted = bool(quote)
            self._lists.clear()
            self._has_paragraph = self._is_indented = False
        if body.strip():
            self._start_block(body)
        else:
            self._in_code = False
            self._has_paragraph = not self._is_begun

    def _start_block(self, body: str) -> None:
        self._is_begun = True
        indent = _columns(body)
        item = _ITEM.match(body)
        if item or not self._has_paragraph:
            while self._lists and indent < self._lists[-1][0] + 2:
                self._lists.pop()
        width = self._lists[-1][1] if self._lists else 0
        is_indented = indent - width >= 4
        if self._is_indented and is_indented:
            self._in_code = True
            return
        if item:
            body = self._start_items(body)
        fence = _FENCE.match(body)
        self._fence = fence[1] if fence else ""
        self._is_indented = not (fence or item or self._has_paragraph) and is_indented
        self._in_code = bool(fence) or self._is_indented
        is_apart = _NO_PARAGRAPH.match(body)
        if item or self._in_code or is_apart or not self._has_paragraph:
            self._ticks = 1
        self._has_paragraph = not self._in_code and not is_apart

    def _start_items(self, body: str) -> str:
        """Note the items of lists that a line starts, and return what follows, indented."""
        for _ in range(_MOST_NESTED):
            item = _ITEM.match(body)
            if not item or item.end() == len(body):
                break
            self._lists.append((_columns(item[1]), item.end()))
            body = " " * item.end() + body[item.end() :]
        return body

    def _inline(self, text: str, at: int, *, is_end: bool) -> Iterator[Piece]:
        """Yield the text and the spans of a line, to its end or to where it is undecided."""
        seek = at
        while token := _TOKEN.search(text, seek):
            seek = token.end()
            if token[0] == "\n":
                self._is_line_start = True
                yield Piece("text", text[at:seek], self._ticks)
                return
            if token[0][0] == "\\":
                continue
            end = _span_end(text, token, is_end=is_end)
            if end is None:
                yield Piece("text", text[at : token.start()], self._ticks)
                return
            if end:
                yield Piece("text", text[at : token.start()], self._ticks)
                yield Piece("span", text[token.start() : end])
                at = seek = end
            elif len(token[0]) >= self._ticks:
                yield Piece("text", text[at : token.start()], self._ticks)
                self._ticks = len(token[0]) + 1
                at = token.start()
        end = len(text) - (text.endswith("\\") and not is_end)
        yield Piece("text", text[at : max(at, end)], self._ticks)


def _span_end(text: str, run: re.Match[str], *, is_end: bool) -> int | None:
    """Return where the span ends that a run of backticks opens; 0 if none, None if undecided."""
    size = len(run[0])
    if run.end() == len(text) and not is_end and size < _LONGEST_LINE:
        return None
    last = run.end() + _LONGEST_SPAN
    over = _PARAGRAPH_END.search(text, run.end(), last + size)
    until = over.start() if over else min(len(text), last + size + 1)
    for found in re.compile(r"`+").finditer(text, run.end(), until):
        if len(found[0]) != size or found.start() > last:
            continue
        if found.end() == len(text) and not is_end:
            return None
        return found.end()
    return 0 if over or is_end or len(text) > last + size else None


def _columns(line: str) -> int:
    """Return the columns before the text of a line; a tab ends at the next multiple of four."""
    start = line[: len(line) - len(line.lstrip(" \t"))]
    return len(start.expandtabs(4))
