"""The sentences of mails to visitors, in the language of the visitor's browser."""

import json
from functools import cache
from pathlib import Path

DEFAULT = "en"


@cache
def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_suffix(".json").read_text("utf-8")
    )
    return texts


def mail_text(name: str, language: str, **values: object) -> str:
    """Return a sentence; in English if there are none in the language."""
    text = (_texts().get(language) or _texts()[DEFAULT])[name]
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text
