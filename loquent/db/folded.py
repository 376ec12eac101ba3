"""Search text without regard to case and accents: "zurcher" finds "Zürcher", and the reverse.

A search word becomes a regular expression in which each letter stands for its accented forms. For
the texts of messages, PostgreSQL evaluates it with the trigram index of loquent/db/trigrams.py,
which works only if a letter has few forms: those of the widget's European languages.
"""

import re
import unicodedata
from collections import defaultdict
from functools import cache
from typing import Any

from django.db.models import CharField, Lookup, TextField

from loquent.text import normalize_unicode

# Letters that are not a base letter with marks.
_SPELLED = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i"}
# Latin, Greek, Cyrillic; Vietnamese.
_ALPHABETS = (range(0xC0, 0x250), range(0x370, 0x530), range(0x1E00, 0x1F00))
_COMMON = frozenset("àáâãäåăąçćčďđèéêëęěğìíîïıłñńňòóôõöøőřśşšșťțùúûüůűýÿźżžßæœάέήίϊΐόύϋΰώёйїґ")


def _base(character: str) -> str:
    """Return a lower-case letter without its marks."""
    if character in _SPELLED:
        return _SPELLED[character]
    parts = normalize_unicode("NFKD", character)
    kept = "".join(part for part in parts if unicodedata.category(part) != "Mn")
    return kept or character


@cache
def _variants(*, is_common: bool) -> dict[str, str]:
    """Return for each base letter, or pair of them, the single letters that are written for it."""
    found: dict[str, set[str]] = defaultdict(set)
    for alphabet in _ALPHABETS:
        for character in map(chr, alphabet):
            lower = character.lower()
            is_letter = character.isalpha() and len(lower) == 1
            if is_common and lower not in _COMMON:
                continue
            if is_letter and (base := _base(lower)) != lower:
                found[base] |= {character, lower}
    return {base: "".join(sorted(letters)) for base, letters in found.items()}


def folded_pattern(text: str, *, is_common: bool = False) -> str:
    """Return a regular expression for the text, to be matched against upper-case text.

    `is_common`: letters stand for their common forms only, and for the form typed.
    """
    variants = _variants(is_common=is_common)
    typed = text.lower()
    plain = "".join(map(_base, typed))
    extra = {_base(letter): letter for letter in typed if _base(letter) != letter}
    parts: list[str] = []
    at = 0
    while at < len(plain):
        pair, letter = plain[at : at + 2], plain[at]
        if len(pair) == 2 and pair in variants:
            first, second = (_class(each, variants, extra) for each in pair)
            parts.append(f"(?:{first}{second}|[{variants[pair]}])")
            at += 2
        else:
            parts.append(_class(letter, variants, extra))
            at += 1
    return "".join(parts)


def _class(letter: str, variants: dict[str, str], extra: dict[str, str]) -> str:
    others = variants.get(letter, "")
    typed = extra.get(letter, "")
    if typed and typed not in others:
        others += typed + (typed.upper() if len(typed.upper()) == 1 else "")
    upper = letter.upper()
    if len(upper) != 1 or upper == letter:
        return f"[{letter}{others}]" if others else re.escape(letter)
    # The database may not know the upper case of letters beyond ASCII.
    both = upper if letter.isascii() else upper + letter
    return f"[{both}{others}]" if len(both + others) > 1 else both


class FoldedContains(Lookup[Any]):
    """`field__folded=text`: the field contains the text, whatever its case and accents."""

    lookup_name = "folded"
    is_common = False

    def get_prep_lookup(self) -> str:
        return folded_pattern(str(self.rhs), is_common=self.is_common)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            # The expression of the trigram index.
            return f"UPPER({column}::text) ~ %s", (*parameters, self.rhs)
        return f"{column} REGEXP %s", (*parameters, f"(?i){self.rhs}")


class FoldedIndexed(FoldedContains):
    """`field__folded_indexed=text`: the same for common accents, with the trigram index."""

    lookup_name = "folded_indexed"
    is_common = True


for _lookup in (FoldedContains, FoldedIndexed):
    CharField.register_lookup(_lookup)
    TextField.register_lookup(_lookup)
