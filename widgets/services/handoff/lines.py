"""The lines that transitions write to visitors, in the language of the visitor's browser."""

import json
from functools import cache
from pathlib import Path

DEFAULT = "en"
# Tags whose first subtag is not the name of the texts, as in the widget's languages.js.
SPECIAL = {
    **dict.fromkeys(("zh-hant", "zh-tw", "zh-hk", "zh-mo"), "zh-TW"),
    "pt-br": "pt-BR",
    **dict.fromkeys(("no", "nn"), "nb"),
    "iw": "he",
    "in": "id",
}


@cache
def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_suffix(".json").read_text("utf-8")
    )
    return texts


def line(name: str, *, language: str, person: str = "") -> str:
    """Return a line; in English if there are no texts in the language."""
    texts = _texts().get(language) or _texts()[DEFAULT]
    return texts[name].replace("{name}", person)
