"""Names as people write them, without what can't be stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.normalization import MAX_NAME, NormalizationError, normalize_name


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Jane", "Jane"),
        ("  Jane \t\n Doe  ", "Jane Doe"),
        ("Jose\u0301", "José"),
        ("Jane\x00Doe", "Jane Doe"),
        ("Jane\ud800Doe", "Jane Doe"),
        ("李小龍", "李小龍"),
        ("\u200b Jane \u2060Doe \ufeff", "Jane \u2060Doe"),
        ("\u200fعلی\u200cرضا\u200f", "علی\u200cرضا"),
        ("രാജന\u0d4d\u200d ", "രാജന\u0d4d\u200d"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * MAX_NAME, "x" * MAX_NAME),
    ],
)
def test_valid_name_is_normalized(typed: str, stored: str) -> None:
    assert normalize_name(typed) == stored


@pytest.mark.parametrize("typed", ["", "  ", "\x00", "\ud800\udfff", "x" * 201, "x" * 1_000_000])
def test_invalid_name_is_refused(typed: str) -> None:
    with pytest.raises(NormalizationError):
        normalize_name(typed)


@given(st.text(st.characters(exclude_categories=[])))
def test_normalization_of_any_text_is_idempotent_or_refused(typed: str) -> None:
    try:
        stored = normalize_name(typed)
    except NormalizationError:
        return
    assert normalize_name(stored) == stored
    assert len(stored) <= MAX_NAME
    assert not {unicodedata.category(character) for character in stored} & {"Cc", "Cs"}
