"""The offline agent's own sentences, in the languages of the widget. Pure."""

import json
import re
from functools import cache
from pathlib import Path

from loquent.agents.search.languages import detect_language

DEFAULT = "en"
# How Brazilians say "you", which people in Portugal rarely do.
_BRAZILIAN = ("você", "voce", "vocês")

_QUOTED = re.compile(r"([“”„«「]\s?)\{title\}(\s?[”“»」])")


class Sentences:
    """The sentences of one language, by their names in sentences.json."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def __call__(self, name: str, *, title: str = "", titles: str = "") -> str:
        """Return a sentence; `title` and `titles` are the placeholders for entries."""
        # One pass, so that a title with a brace is left alone.
        text = self._texts[name]
        return text.replace("{title}", title) if title else text.replace("{titles}", titles)

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
    texts = _all()
    return Sentences(texts.get(language) or texts[DEFAULT])


@cache
def _all() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_suffix(".json").read_text("utf-8")
    )
    return texts
