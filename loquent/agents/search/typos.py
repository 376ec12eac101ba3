"""Corrects a misspelt term to a known one. Pure."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

SHORTEST = 5
# The index has no longer ones, and the time of a comparison grows with the square of the length.
LONGEST = 200
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")


class Vocabulary:
    """The terms of some knowledge, which tolerate one typing mistake."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._terms = set(terms)
        self._near: dict[tuple[str, int], list[str]] = defaultdict(list)
        for term in sorted(filter(_is_word, self._terms)):
            self._near[term[0], len(term)].append(term)

    def mend(self, term: str) -> str:
        """Return a known term at most one mistake away, else the term itself.

        A mistake is one letter missed, added, replaced, or swapped with its neighbour. The first
        letter must be right and the term have SHORTEST letters, so that no short word turns into
        another.
        """
        if term not in self._terms and len(term) >= SHORTEST and _is_word(term):
            # 3 MB, which only searches need.
            from rapidfuzz.distance import OSA  # noqa: PLC0415
            from rapidfuzz.process import extractOne  # noqa: PLC0415

            for length in (len(term), len(term) - 1, len(term) + 1):
                near = self._near.get((term[0], length), ())
                if found := extractOne(term, near, scorer=OSA.distance, score_cutoff=1):
                    return found[0]
        return term

    def mend_text(self, text: str, is_right: Callable[[str], bool], limit: int) -> str:
        """Return a text with its misspelt words replaced, the first `limit` of those not known."""
        unknown = [word for word in dict.fromkeys(_LONG_WORD.findall(text)) if not is_right(word)]
        for word in unknown[:limit]:
            known = self.mend(word.lower())
            if known != word.lower():
                text = re.sub(rf"\b{word}\b", known, text)
        return text


def _is_word(term: str) -> bool:
    return len(term) <= LONGEST and term.isascii() and term.isalpha()
