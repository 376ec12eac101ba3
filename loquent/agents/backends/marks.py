"""Recognizes marks of sources in the forms in which models write them. Pure.

A model is told to copy `[[1]]` or to write `[[none]]`. Models also write lists, ranges, one pair of
brackets, or the brackets that they were trained on.
"""

import re
from typing import NamedTuple

from loquent.text import normalize_unicode

_GAP = r"[\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]{0,4}"
_INNER = r"[^\[\]［］【】〔〕〖〗⟦⟧\\`]"
_OPEN = rf"(?:\\?[\[［]{_GAP})"
_CLOSE = rf"(?:{_GAP}\\?[\]］])"
_DIGITS = r"\s{0,2}\d{1,3}\s{0,2}"
MARK = re.compile(
    # Several in common brackets: [[1], [2]], [[1][2]].
    rf"[\[［](?P<group>[\[［]{_DIGITS}[\]］](?:[\s,;、&]{{0,3}}[\[［]{_DIGITS}[\]］]){{1,6}})[\]］]"
    # A known number of brackets on both sides, of which a stray one stays.
    rf"|(?P<open>{_OPEN}{{1,8}})(?P<inner>{_INNER}{{0,80}})(?P<close>{_CLOSE}{{1,8}})"
    # The brackets of East Asia, in which some models were trained to cite.
    rf"|(?P<wide>[【〔〖⟦]{{1,2}})(?P<within>{_INNER}{{0,60}})[】〕〗⟧]{{1,2}}"
)
# The start of a mark at the end of a text. The last character of a whole one may not be its last.
START = re.compile(
    rf"(?:{_OPEN}{{1,8}}{_INNER}{{0,80}}{_CLOSE}{{0,8}}\\?|[【〔〖⟦]{{1,2}}{_INNER}{{0,60}}[】〕〗⟧]?"
    rf"|{_OPEN}{{2,8}}[\d\s,;、&\[\]［］]{{0,80}}|\\)\Z"
)
LONGEST = 200
# Half a mark, which was cut off, with two brackets or with any.
HALF_DOUBLE = re.compile(
    rf"(?:{_OPEN}{{2,8}}|[【〖⟦]{{2}})[\s\d.,;、&–-]{{0,80}}(?:n(?:o(?:ne?)?)?\s{{0,3}})?\\?\Z",
    re.IGNORECASE,
)
HALF = re.compile(rf"(?<![\[［])(?:{_OPEN}\^?|[【〔〖⟦])\d{{1,2}}[\s\d.,;:†–-]{{0,40}}\Z")

_LABEL = (
    r"(?:sources?|src|refs?|references?|cite|citations?|cit|docs?|documents?|entry|entries|passages?"
    r"|notes?|marks?|no|nr|n°|quellen?|fuentes?|fontes?|fonti|źródł[oa]|kaynak|bron|källa|kilde|lähde"
    r"|источник|джерело|zdroj|πηγή|مصدر|منبع|מקור|स्रोत|来源|來源|出典|출처|แหล่ง)"
)
_RANGE_WORD = r"(?:to|thru|through|bis|tot|til|till|à|al|až|do|до|到|至|から)"
_RANGE_SIGN = r"[-‐‑‒–—―−~〜～…]|\.{2,3}"
_ITEM = rf"(?:{_LABEL}[\s.:#]{{0,3}}|#)?(?:\d+|none)"
_JOINT = (
    rf"(?P<range>\s*(?:{_RANGE_SIGN})\s*|\s+{_RANGE_WORD}\s+|[到至])"
    r"|\s*[,;、،；/|&+·]\s*(?:[^\W\d_]{1,5}\s+)?|\s+(?:[^\W\d_]{1,5}\s+)?|[和与と및]"
)
_LIST = re.compile(rf"{_ITEM}(?:(?:{_JOINT.replace('?P<range>', '?:')}){_ITEM})*", re.IGNORECASE)
_PART = re.compile(rf"(?P<number>\d+)|(?P<none>none)|{_JOINT}", re.IGNORECASE)
_ORNAMENT = re.compile(r"[*_^\"'“”‘’„«»\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_MOST_DIGITS = 3
_LONGEST_RANGE = 30


class Listed(NamedTuple):
    """The numbers of a mark, and whether it says that nothing was found."""

    numbers: tuple[int, ...]
    is_none: bool = False


def read_list(inner: str) -> Listed | None:
    """Return what stands between the brackets of a mark; None if that is no list of numbers."""
    text = _ORNAMENT.sub("", normalize_unicode("NFKC", inner)).strip(" \t\n.,;:")
    if not _LIST.fullmatch(text):
        return None
    numbers: list[int] = []
    is_none = is_range = is_chained = False
    for part in _PART.finditer(text):
        if part["range"] and is_chained:
            # A date: 2026-01-02.
            return None
        if part["number"]:
            is_chained = is_range
            number = int(part["number"]) if len(part["number"]) <= _MOST_DIGITS else 0
            if is_range and numbers and number - numbers[-1] <= _LONGEST_RANGE:
                numbers += range(numbers[-1] + 1, number)
            numbers.append(number)
        is_none = is_none or bool(part["none"])
        is_range = bool(part["range"])
    return Listed(tuple(numbers), is_none)
