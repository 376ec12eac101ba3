"""Converts a text to its search terms, the same way for entries and questions. Pure."""

import re
from functools import cache
from typing import NamedTuple

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from loquent.text import normalize_unicode

# Scripts written without spaces: every two neighbours become a term.
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
_HIRAGANA = re.compile("[\u3040-\u309f]")

# Words that say nothing about the subject. Beside English only such words of other languages as
# mean nothing in English ("die" and "hat" would be missed).
_STOP = """
a about above after again against ain all also always am an and any anybody anyone anything are
aren as at away be because been before being below between both but by can cannot cant could
couldn d did didn do does doesn doing don down during each either else ever every everyone
everything few for from further get getting give go going got had hadn has hasn have haven having
he hello help her here hers hey hi him his how however i if im in into is isn it its itself just
know let ll m many may maybe me might more most much must my myself need no nor not now of off ok
okay on once only or other our ours out over own please re s same shall she should shouldn so some
somebody someone something still such sure t tell than thank thanks that the their them then there
these they thing things this those through to too until up upon us ve very want wanted was wasn we
well were weren what when where whether which while who whom whose why will with won would wouldn
yes yet you your yours
der das den dem des ein eine einen einem einer und oder aber ich du er sie wir ihr mein meine dein
deine ist sind wie wo wann warum welche welcher welches mit von zu zum zur bei auf fur nach aus kann
konnen ich mir mich uns bitte danke hallo nicht kein keine es gibt haben habe im an um
le la les un une des du de et ou je tu il elle nous vous mon ma mes votre vos notre est sont avec
dans quel quelle quels quelles comment quand pourquoi que qui quoi bonjour merci ne se ce cette
el los las una unos unas y o yo tu mi su es son con para por como cuando donde cual que quien hola
gracias se en del al puedo tiene tienen hay
il lo gli uno e sono che chi dove quando perche della del di da con ciao grazie
os as um uma eu ele ela nos seu sua com quando onde qual ola obrigado obrigada em no na do da
het een en ik jij wij zijn is met van naar bij niet geen hoe wat waar wanneer dank hallo
"""

# Words that fit any subject: they rank passages, but prove no relevance beside a better word.
_WEAK = """
allow ask available best big buy bring call chance change check choose come cost different do easy
explain find first fast free full good great guy guys happen happens include info information item
keep kind know last like list long look lot main make mean new next nice number offer often one
open order people piece possible price product products provide question quick really right run
see sell send shop small start store sort stuff such support system take talk thing time today
type understand use used using way wonder work works working world year day
"""


class QuestionTerms(NamedTuple):
    """The distinct terms of a question: `strong` name its subject, `weak` might."""

    strong: tuple[str, ...]
    weak: tuple[str, ...]


def terms(text: str) -> list[str]:
    """Return the terms of a text in order: folded to lower-case ASCII if possible, and stemmed."""
    spaced = _UNSPACED.sub(_pairs, normalize_unicode("NFKC", text))
    if not spaced.isascii():
        # The analyzer expects UTF-8: lone surrogates must not reach it.
        spaced = spaced.encode("utf-8", "replace").decode("utf-8")
    return _analyzer().analyze(spaced)


def question_terms(text: str, limit: int = 64) -> QuestionTerms:
    """Return the first `limit` different terms of a question, without stop words."""
    stop, weak = _stop_terms(), _weak_terms()
    meaningful = list(dict.fromkeys(term for term in terms(text) if term not in stop))[:limit]
    weak_found = tuple(term for term in meaningful if term in weak or _HIRAGANA.search(term))
    return QuestionTerms(tuple(t for t in meaningful if t not in weak_found), weak_found)


def _pairs(run: re.Match[str]) -> str:
    text = run[0]
    pairs = [text[i : i + 2] for i in range(len(text) - 1)] or [text]
    return f" {' '.join(pairs)} "


@cache
def _analyzer() -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (
        Filter.remove_long(60),
        Filter.lowercase(),
        Filter.ascii_fold(),
        Filter.stemmer("english"),
    ):
        builder = builder.filter(step)
    return builder.build()


@cache
def _stop_terms() -> frozenset[str]:
    return frozenset(terms(_STOP))


@cache
def _weak_terms() -> frozenset[str]:
    return frozenset(terms(_WEAK)) - _stop_terms()
