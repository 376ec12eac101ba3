"""The lines of transitions exist in each language that the widget speaks."""

import json
from pathlib import Path

import pytest
from django.conf import settings

from widgets.services.handoff import lines
from widgets.services.handoff.lines import known_language, line

TEXTS = json.loads(Path(lines.__file__).with_suffix(".json").read_text(encoding="utf-8"))
LOCALES = Path(settings.BASE_DIR) / "widget-js" / "src" / "locales"


def test_every_language_of_the_widget_has_every_line() -> None:
    assert set(TEXTS) == {path.stem for path in LOCALES.glob("*.js")}
    for language, texts in TEXTS.items():
        assert list(texts) == list(TEXTS["en"]), language
        for name, text in texts.items():
            assert text == text.strip(), (language, name)
            assert text.count("{name}") == (name == "joined"), (language, name)
            assert language == "en" or text != TEXTS["en"][name], (language, name)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("tlh, fr;q=0.5", "fr"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-TW", "zh-TW"),
        ("zh-CN,zh;q=0.9", "zh"),
        ("pt-BR", "pt-BR"),
        ("pt-PT", "pt"),
        ("nn-NO", "nb"),
        ("no", "nb"),
        ("iw-IL", "he"),
        ("in", "id"),
        ("tlh", ""),
        ("", ""),
    ],
)
def test_language_of_the_browser_selects_the_lines(header: str, language: str) -> None:
    assert known_language(header) == language


def test_line_names_the_person() -> None:
    assert (
        line("joined", language="ja", person="{name} Ana") == "{name} Anaがチャットに参加しました。"
    )
    assert line("joined", language="", person="Ana") == "Ana joined the chat."
