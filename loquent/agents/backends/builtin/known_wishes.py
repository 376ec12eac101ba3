"""Recognizes wishes in languages that the built-in encoder does not know. Pure.

`known_wishes.json` translates common sentences about an order from those languages into English,
so that the encoder can compare their meaning with the actions.
"""

import json
import re
from functools import cache
from pathlib import Path

from loquent.agents.persons import plain

# Words around a usual sentence, such as a greeting, and not more than it has itself. Numbers are
# values.
MAX_OTHER = 3
_WORD = re.compile(r"[^\s.,;:!?…()\"«»“”„،؟।]+")


def in_english(question: str) -> str:
    """Return the English sentence for a usual wish in another language, else the question."""
    words = _words(question)
    for phrase, english in _known().items():
        if phrase <= words and len(words) - len(phrase) <= min(MAX_OTHER, len(phrase)):
            return english
    return question


def _words(text: str) -> frozenset[str]:
    found = _WORD.findall(plain(text))
    return frozenset(word for word in found if not any(sign.isdigit() for sign in word))


@cache
def _known() -> dict[frozenset[str], str]:
    texts = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return {
        _words(phrase): english
        for english, languages in texts.items()
        for phrases in languages.values()
        for phrase in phrases
    }
