"""The lines that transitions write exist in every language of the widget."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from widgets.chat.handshake import preferred_language
from widgets.services.handoff import lines
from widgets.services.handoff.lines import line
from widgets.services.notify import texts

MAIL_TEXTS: dict[str, dict[str, str]] = json.loads(
    Path(texts.__file__).with_suffix(".json").read_text("utf-8")
)
TEXTS: dict[str, dict[str, str]] = json.loads(
    Path(lines.__file__).with_suffix(".json").read_text("utf-8")
)
LOCALES = sorted(
    path.stem for path in (Path(settings.BASE_DIR) / "widget-js/src/locales").glob("*.js")
)
# Letters that only this writing has; languages in Latin letters are told apart by their words.
WRITING = {
    "ar": "[\u0600-\u06ff]", "el": "[\u0370-\u03ff]", "fa": "[پچگکی]", "he": "[\u0590-\u05ff]",
    "hi": "[\u0900-\u097f]", "ja": "[\u3040-\u30ff]", "ko": "[\uac00-\ud7af]",
    "ru": "[\u0400-\u04ff]", "uk": "[\u0400-\u04ff]", "zh": "[\u4e00-\u9fff]",
    "zh-TW": "[\u4e00-\u9fff]",
}  # fmt: skip


def test_every_language_of_the_widget_has_every_line() -> None:
    assert sorted(TEXTS) == LOCALES
    assert {code: sorted(texts) for code, texts in TEXTS.items()} == {
        code: sorted(TEXTS["en"]) for code in LOCALES
    }


def test_every_language_of_the_widget_has_the_texts_of_mail() -> None:
    assert sorted(MAIL_TEXTS) == LOCALES
    for language, sentences in MAIL_TEXTS.items():
        for name, text in MAIL_TEXTS["en"].items():
            found = sentences[name]
            assert re.findall(r"\{\w+\}", found) == re.findall(r"\{\w+\}", text)
            assert "\n" not in found
            assert re.search(WRITING.get(language, "[a-z]"), found)
            assert language == "en" or found != text


@pytest.mark.parametrize("language", LOCALES)
def test_lines_are_written_in_their_language(language: str) -> None:
    texts = TEXTS[language]
    assert len(set(texts.values())) == len(texts)
    for name, text in texts.items():
        assert text == text.strip()
        assert text[-1] in ".。।"
        assert len(text) <= 160
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", TEXTS["en"][name])
        assert "'" not in text or language == "he"
        assert re.search(WRITING.get(language, "[a-z]"), text)
        others = [code for code in LOCALES if code != language and TEXTS[code][name] == text]
        # Close relatives share some sentences.
        assert set(others) <= {"da", "nb", "sv", "pt", "pt-BR", "zh", "zh-TW"}
    assert line("joined", language=language, person="Ana").count("Ana") == 1


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("pt-BR,pt;q=0.9", "pt-BR"),
        ("pt-PT", "pt"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-TW", "zh-TW"),
        ("zh-CN", "zh"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("iw", "he"),
        ("xx, fr", "fr"),
        ("xx", ""),
        ("", ""),
        ("*", ""),
    ],
)
def test_language_of_a_browser(header: str, language: str) -> None:
    assert preferred_language([(b"accept-language", header.encode())]) == language
