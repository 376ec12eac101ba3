"""Combining marks are normalized in linear time, and in one place."""

import ast
import sys
import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.tests.test_docs_settings import product_files
from loquent.text import _POSSIBLE_RUN, MAX_MARKS, normalize_unicode
from widgets.chat.protocol import NFC_SHRINKS

# Marks of different classes. U+0F73 and U+FF9E become marks only when they are normalized.
MIXED = ("\u0345\u0334", "\u0f73\u0334", "\uff9e\u0334", "\U0001d165\u0334", "\u0334")


@cache
def characters() -> list[str]:
    return [chr(number) for number in range(sys.maxunicode + 1) if not 0xD800 <= number <= 0xDFFF]


@cache
def marks() -> list[str]:
    return [c for c in characters() if unicodedata.combining(unicodedata.normalize("NFKD", c)[0])]


def longest_run(text: str) -> int:
    """Count the combining marks in the longest run that normalizing has to sort."""
    longest = run = 0
    for character in text:
        for part in unicodedata.normalize("NFKD", character):
            run = run + 1 if unicodedata.combining(part) else 0
            longest = max(longest, run)
    return longest


def test_every_unicode_mark_is_detected() -> None:
    assert len(marks()) > 900
    assert all(_POSSIBLE_RUN.fullmatch(mark * (MAX_MARKS + 1)) for mark in marks())
    for mark in marks():
        assert longest_run(normalize_unicode("NFKC", "a" + mark * 500)) <= 2 * MAX_MARKS


@pytest.mark.parametrize("mixed", MIXED)
def test_run_of_marks_is_cut_after_thirty(mixed: str) -> None:
    run = (mixed * 100)[:MAX_MARKS]
    expected = unicodedata.normalize("NFC", f"a{run}b")
    assert normalize_unicode("NFC", f"a{run}b") == expected
    assert normalize_unicode("NFC", f"a{(mixed * 100)[: MAX_MARKS + 50]}b") == expected


@st.composite
def marked_texts(draw: st.DrawFn) -> str:
    some = st.sampled_from([*"aeäé한", *marks()[:40], *marks()[-40:], "\u0f73", "\uff9e", "😀"])
    return draw(st.text(some))


@given(marked_texts())
def test_text_without_long_runs_is_normalized_as_nfc(text: str) -> None:
    if longest_run(text) <= MAX_MARKS:
        assert normalize_unicode("NFC", text) == unicodedata.normalize("NFC", text)
        assert normalize_unicode("NFKC", text) == unicodedata.normalize("NFKC", text)
    cut = normalize_unicode("NFC", text)
    assert normalize_unicode("NFC", cut) == cut


def test_emoji_are_not_marks() -> None:
    assert normalize_unicode("NFC", "😀" * 100) == "😀" * 100


def test_nfc_shrinks_text_by_at_most_the_allowed_factor() -> None:
    assert (
        max(len(unicodedata.normalize("NFD", character)) for character in characters())
        == NFC_SHRINKS
    )


@pytest.mark.costly
def test_only_one_module_normalizes() -> None:
    callers = [
        path.name
        for path in product_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) == "unicodedata.normalize")
        or (isinstance(node, ast.ImportFrom) and node.module == "unicodedata")
    ]
    assert set(callers) == {"text.py"}
