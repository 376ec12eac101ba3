"""Mends a misspelt term by the words that are known. Pure."""

from collections import defaultdict
from collections.abc import Iterable

SHORTEST = 5


class Vocabulary:
    """The terms of some knowledge, found again with one slip of the finger."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._terms = set(terms)
        self._near: dict[tuple[str, int], list[str]] = defaultdict(list)
        for term in sorted(self._terms):
            if term.isascii() and term.isalpha():
                self._near[term[0], len(term)].append(term)

    def mend(self, term: str) -> str:
        """A known term at most one slip away, else the term itself.

        The first letter must be right and the term have SHORTEST letters, so that no short word
        turns into another.
        """
        if term in self._terms or len(term) < SHORTEST or not (term.isascii() and term.isalpha()):
            return term
        for length in (len(term), len(term) - 1, len(term) + 1):
            for known in self._near.get((term[0], length), ()):
                if is_one_slip(term, known):
                    return known
        return term


def is_one_slip(one: str, other: str) -> bool:
    """Whether one letter was missed, added, replaced, or swapped with its neighbour."""
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    rest, other_rest = one[start:], other[start:]
    if len(one) < len(other):
        return len(other) - len(one) == 1 and rest == other_rest[1:]
    return rest[1:] == other_rest[1:] or (
        rest[:2] == other_rest[:2][::-1] and rest[2:] == other_rest[2:]
    )
