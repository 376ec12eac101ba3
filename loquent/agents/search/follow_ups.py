"""Tell questions that continue the one before from changes of subject. Pure.

"And on Sundays?" and "What does it cost?" refer to the question before, by words that are listed in
follow_ups.json: `start` and `end` count only there, as elsewhere they are usually something else
("gibt es" is no pronoun). "How much is shipping?" has a subject of its own.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from loquent.agents.search.languages import detect_language
from loquent.agents.search.words import question_terms
from loquent.text import normalize_unicode

# A question with more terms than this stands by itself.
MOST_TERMS = 4
# One with more terms names its subject even if it refers to the question before.
MOST_REFERRING = 2
# If a question finds an answer by itself, that is the answer, unless all it has is one term.
BARE = 1
# What the hits of both questions together count, against those of the question by itself.
SHARE = 0.9
REFERRING_SHARE = 2.0
# How many earlier questions a chain of such questions is followed back to its subject.
MOST_EARLIER = 3
# Written without spaces between words.
_UNSPACED = frozenset({"zh", "zh-TW", "ja", "th", "ko"})
# Two words and a question mark: "How many?".
_QUESTION = re.compile(r"\w\W+\w.*[?？؟]")
_AFTER = r"(?=[\s?!.,;:'’…؟？-]|$)"


def share_of_previous(question: str, language: str, *, is_answered: bool) -> float:
    """Return what the question counts together with the one before it; 0: not at all.

    `language`: that of the knowledge. `is_answered`: the question by itself finds an answer.
    """
    asked = question_terms(question, language)
    count = len(asked.strong) + len(asked.weak)
    if count > MOST_TERMS:
        return 0.0
    if count <= MOST_REFERRING and refers_back(question, language):
        return REFERRING_SHARE
    if count == 0 and not _QUESTION.search(question):
        # "ok", "yes please": no reason to give the last answer again.
        return 0.0
    return 0.0 if is_answered and count != BARE else SHARE


def topic_of(questions: Sequence[str], language: str) -> str:
    """Return the last of the earlier questions, after those that it refers to."""
    if not questions:
        return ""
    topic = last = questions[-1]
    for earlier in reversed(questions[-1 - MOST_EARLIER : -1]):
        if not refers_back(last, language):
            break
        topic, last = f"{earlier} {topic}", earlier
    return topic


def refers_back(question: str, language: str) -> bool:
    """Return whether a question has a word that points to what was asked before.

    `language`: the question's, unless that is sure from its text.
    """
    pattern = _pattern(detect_language(question) or language)
    if pattern is None:
        return False
    return bool(pattern.search(normalize_unicode("NFKC", question).casefold()))


@cache
def _pattern(language: str) -> re.Pattern[str] | None:
    words = _words().get(language)
    if words is None:
        return None
    start, inside, end = words["start"], words["inside"], words["end"]
    if language in _UNSPACED:
        return re.compile(rf"^\W*(?:{start})|(?:{inside})")
    parts = [rf"^\W*(?:{start}){_AFTER}", rf"(?:^|[\s¿¡('’-])(?:{inside}){_AFTER}"]
    if end:
        parts.append(rf"[\s'’-](?:{end})\W*$")
    return re.compile("|".join(parts))


@cache
def _words() -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_suffix(".json").read_text("utf-8")
    )
    return words
