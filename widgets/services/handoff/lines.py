"""The lines that transitions write to visitors, in the language of the visitor's browser."""

import json
from functools import cache
from pathlib import Path

DEFAULT = "en"
# As in widget-js/src/i18n/languages.js.
_SPECIAL = {
    **dict.fromkeys(("zh-hant", "zh-tw", "zh-hk", "zh-mo"), "zh-TW"),
    "pt-br": "pt-BR",
    "no": "nb",
    "nn": "nb",
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


def known_language(accept_language: str) -> str:
    """Return the first language of an Accept-Language header that has texts; "" if none has."""
    for entry in accept_language[:200].split(","):
        language, _, region = entry.partition(";")[0].strip().lower().partition("-")
        code = _SPECIAL.get(f"{language}-{region.partition('-')[0]}") or _SPECIAL.get(language)
        if (code or language) in _texts():
            return code or language
    return ""
