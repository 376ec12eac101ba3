"""Converts a text to its search terms, the same way for entries and questions. Pure."""

import json
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from loquent.agents.search.languages import function_words
from loquent.text import normalize_unicode

if TYPE_CHECKING:
    from tantivy import TextAnalyzer

LONGEST = 60
# Scripts written without spaces: every two neighbours become a term.
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
# Japanese endings, and small numbers, which stand in any text.
_WEAK_FORM = re.compile(".*[\u3040-\u309f].*|[0-9]{1,2}")
# NT-2204, NT 2204, nt2204, SB1010-A: letters, then at least two digits. Bounded, so linear.
_CODE = re.compile(r"(?<![^\W_])([a-z]{1,6})([-‐‑–./_ ]?)(\d{2,12})([a-z]?)(?![^\W_])")
_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك",
                         "ة": "ه", "ؤ": "و", "ئ": "ي", "ـ": None})  # fmt: skip
_ARABIC_MARKS = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")
_ARABIC_SCRIPT = re.compile("[\u0600-\u06ff]")
# German without umlauts: "groesse". Not in "neue", "quer" or "Bauer".
_UMLAUT = re.compile(r"(?<![aeiouqäöü])([aou])e")
_STEMMERS = {
    "ar": "arabic", "da": "danish", "nl": "dutch", "en": "english", "fi": "finnish",
    "fr": "french", "de": "german", "el": "greek", "it": "italian", "nb": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "es": "spanish", "sv": "swedish",
    "tr": "turkish",
}  # fmt: skip
# Languages written without spaces: what surrounds a question is cut out before pairs are made.
_CUT_OUT = frozenset({"zh", "zh-TW", "ja", "th"})
# The stemmers of these work without accents, which visitors often leave out.
_FOLD_FIRST = frozenset({"", "en", "de", "fr", "es", "it", "pt", "nl"})
# There are no stemmers for these: the beginning of a word stands for all its forms.
_CUT = {"pl": 5, "cs": 5, "uk": 5}

# Beside the function words: what surrounds a question in any conversation.
_STOP = """
again against already always anybody anyone anything aren away because before being below between
both cannot cant couldn d didn doesn doing don during each either else ever every everyone
everything few further getting give go going got hadn hasn haven having he hello help her here hers
hey hi him his however im into isn itself know let ll m many may maybe might more most much must
myself need nor now off ok okay once only other ours out own re s same shall she should shouldn
somebody someone something still such sure t tell thing things those through till until up upon ve
very want wanted wasn well weren whether while whom whose won wouldn yes yet yours
"""

# Words that fit any subject: they rank passages, but prove no relevance beside a better word.
_WEAK = """
allow ask available best big buy bring call chance change check choose come cost different do easy
explain find first fast free full good great guy guys happen happens include info information item
keep kind last like list long look lot main make mean new next nice number offer often one
open order people piece possible price product products provide question quick really right run
see sell send shop small start store sort stuff support system take talk time today
type understand use used using way wonder work works working world year day
"""


class QuestionTerms(NamedTuple):
    """The terms of a question without repeats: `strong` tell its subject, `weak` might.

    `codes`: those of `strong` that are part numbers, also without their separator.
    """

    strong: tuple[str, ...]
    weak: tuple[str, ...]
    codes: frozenset[str] = frozenset()


def fold(text: str, language: str = "en") -> str:
    """Return the text in lower case, in one spelling per letter, safe to analyze."""
    text = normalize_unicode("NFKC", text)
    if text.isascii():
        text = text.lower()
    else:
        text = text.replace("İ", "i").lower()
        if _ARABIC_SCRIPT.search(text):
            text = _ARABIC_MARKS.sub("", text).translate(_ARABIC)
        # The analyzer takes UTF-8: lone surrogates must not reach it.
        text = text.encode("utf-8", "replace").decode("utf-8").replace("ё", "е")
    return _UMLAUT.sub(r"\1", text) if language == "de" else text


def terms(text: str, language: str = "en") -> list[str]:
    """Return the terms of a text in order, with each code as a further term."""
    folded = fold(text, language)
    found = _spaced_terms(_UNSPACED.sub(_pairs, folded), language)
    return [*found, *(letters + digits + end for letters, _, digits, end in _CODE.findall(folded))]


def question_terms(text: str, language: str = "en", limit: int = 64) -> QuestionTerms:
    """Return the first `limit` different terms of a question, without stop words."""
    folded = fold(text, language)
    codes = [letters + digits + end for letters, _, digits, end in _CODE.findall(folded)]
    stop, weak = _stop_terms(language), _weak_terms(language)
    if language in _CUT_OUT:
        folded = _around(language).sub(" ", folded)
    analyzed = _spaced_terms(_UNSPACED.sub(_pairs, folded), language)
    meaningful = list(dict.fromkeys(term for term in analyzed if term not in stop))[:limit]
    weak_found = tuple(term for term in meaningful if term in weak or _WEAK_FORM.fullmatch(term))
    strong = tuple(term for term in meaningful if term not in weak_found)
    return QuestionTerms(strong, weak_found, frozenset(codes[:limit]))


def raw_words(text: str, language: str) -> list[str]:
    """Return the folded words of a text before stemming, for compounds."""
    return _folder().analyze(fold(text, language))


def stem(words: Collection[str], language: str) -> list[str]:
    """Return the terms of words that are folded already."""
    return _spaced_terms(" ".join(words), language)


def _spaced_terms(folded: str, language: str) -> list[str]:
    found = _analyzer(language).analyze(folded)
    if length := _CUT.get(language):
        return [term[:length] if len(term) > length else term for term in found]
    return found


def _pairs(run: re.Match[str]) -> str:
    text = run[0]
    pairs = [text[i : i + 2] for i in range(len(text) - 1)] or [text]
    return f" {' '.join(pairs)} "


@cache
def _folder() -> "TextAnalyzer":
    # 4 MB, which a server that searches nothing does not need. Loading takes a millisecond.
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer  # noqa: PLC0415

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    return builder.filter(Filter.remove_long(LONGEST)).filter(Filter.ascii_fold()).build()


@cache
def _analyzer(language: str) -> "TextAnalyzer":
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer  # noqa: PLC0415 - see _folder

    steps = [Filter.remove_long(LONGEST), Filter.lowercase()]
    stemmer = [Filter.stemmer(_STEMMERS[language])] if language in _STEMMERS else []
    folding = [Filter.ascii_fold()]
    steps += folding + stemmer if language in _FOLD_FIRST else stemmer + folding
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in steps:
        builder = builder.filter(step)
    return builder.build()


@cache
def _words_around() -> dict[str, str]:
    """Return the words that surround a question in any conversation, per language."""
    lists: dict[str, str] = json.loads(Path(__file__).with_name("around.json").read_text("utf-8"))
    return lists


@cache
def _around(language: str) -> re.Pattern[str]:
    words = sorted(fold(_words_around()[language], language).split(), key=len, reverse=True)
    cut = "|".join(map(re.escape, words))
    return re.compile(f"(?:{cut})+")


@cache
def _stop_terms(language: str) -> frozenset[str]:
    words = function_words().get(language, frozenset())
    around = "" if language in _CUT_OUT else _words_around().get(language, "")
    text = " ".join(words) + (_STOP if language == "en" else f" {around}")
    folded = fold(text, language)
    return frozenset(_spaced_terms(_UNSPACED.sub(_pairs, folded), language))


@cache
def _weak_terms(language: str) -> frozenset[str]:
    if language != "en":
        return frozenset()
    return frozenset(terms(_WEAK)) - _stop_terms(language)
