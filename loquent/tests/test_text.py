"""Text from outside becomes fit for the database and for JSON."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.text import clean_text, is_blank, strip_invisible

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_cleaned_text_can_be_stored(text: str) -> None:
    cleaned = clean_text(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert json.loads(json.dumps(cleaned)) == cleaned
    assert not {c for c in cleaned if ord(c) < 32} - {"\n", "\t"}
    assert clean_text(cleaned) == cleaned


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_good_text_is_unchanged(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b", "ab"),
        ("a\nb\tc", "a\nb\tc"),
        ("a\r\nb", "a\nb"),
        ("\x1b[31mred", "[31mred"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_clean_text_removes_unstorable_characters(text: str, expected: str) -> None:
    assert clean_text(text) == expected


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b", "\u00a0\u2060\ufeff", "\u3000"])
def test_invisible_text_is_blank(text: str) -> None:
    assert is_blank(text)


@given(ANY_TEXT)
def test_text_with_a_letter_is_not_blank(text: str) -> None:
    has_letter = any(unicodedata.category(c).startswith("L") for c in text)
    assert not (has_letter and is_blank(text))


@pytest.mark.parametrize(
    "pasted",
    ["\u200b{}", "\ufeff{}", "{}\u200e", "\u200f{}", "\u2060{}\u2060", "{}\xad", "\xa0{}\u3000",
     "\u2068{}\u2069", "\u202a{}\u202c", "\u061c{}", "\u200c {}\u200d", " \t\u180e{}\n"],
)  # fmt: skip
@pytest.mark.parametrize("text", ["jane@example.com", "+41 44 668 18 00", "Jane D.", "علی"])
def test_invisible_characters_around_a_text_are_removed(pasted: str, text: str) -> None:
    assert strip_invisible(pasted.format(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cروم",  # Persian: a joiner inside a word
        "👩\u200d💻",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "രാജന\u0d4d\u200d",  # Malayalam: the joiner is part of the last letter
        "\u0600\u0661",  # an Arabic number sign, which is visible
        "a\u200bb",
        "",
    ],
)
def test_characters_with_a_meaning_are_kept(text: str) -> None:
    assert strip_invisible(text) == text


@given(ANY_TEXT)
def test_stripping_leaves_a_part_and_nothing_more_to_strip(text: str) -> None:
    stripped = strip_invisible(text)
    assert stripped in text
    assert strip_invisible(stripped) == stripped
    assert is_blank(text) or stripped
