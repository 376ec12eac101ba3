"""The offline agent's own sentences, in the languages of the widget. Pure."""

import json
import re
from functools import cache
from pathlib import Path

from loquent.agents.search.languages import detect_language

DEFAULT = "en"
# How Brazilians say "you", which people in Portugal rarely do.
_BRAZILIAN = ("você", "voce", "vocês")

_PLACEHOLDER = re.compile(r"\{titles?\}")
# Where sentences run from right to left, U+2068 and U+2069 isolate a title of the other direction:
# without them, its quotation marks would be shown in the wrong places.
_QUOTED = re.compile(r"([“”„«「]\s?\u2068?)\{title\}(\u2069?\s?[”“»」])")


class Sentences:
    """The sentences of one language, by their names in sentences.json."""

    def __init__(self, texts: dict[str, str], language: str = DEFAULT) -> None:
        self._texts = texts
        self.language = language

    def __call__(self, name: str, *, title: str = "", titles: str = "") -> str:
        """Return a sentence; `title` and `titles` are the placeholders for entries."""
        # One pass, so that a title with a brace is left alone.
        given = {"{title}": title, "{titles}": titles}
        return _PLACEHOLDER.sub(lambda found: given[found[0]], self._texts[name])

    def quoted(self, titles: list[str]) -> str:
        """Return titles in quotation marks, separated by commas."""
        marks = _QUOTED.search(self._texts["found"])
        opening, closing = marks.groups() if marks else ("“", "”")
        return ", ".join(f"{opening}{title}{closing}" for title in titles)


def sentences_for(question: str, fallback: str) -> Sentences:
    """Return the sentences in the question's language; in `fallback` if it is uncertain."""
    language = detect_language(question) or fallback
    if fallback == "pt-BR" and language == "pt":
        language = fallback
    if language == "pt" and any(word in question.casefold() for word in _BRAZILIAN):
        language = "pt-BR"
    return sentences_in(language)


def sentences_in(language: str) -> Sentences:
    """Return the sentences of a language; in English if it has none."""
    texts = _all()
    known = language if language in texts else DEFAULT
    return Sentences(texts[known], known)


def languages() -> list[str]:
    """Return the languages that there are sentences in."""
    return list(_all())


@cache
def _all() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_suffix(".json").read_text("utf-8")
    )
    return texts
