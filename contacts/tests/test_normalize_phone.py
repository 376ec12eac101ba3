"""One spelling for every telephone number."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contacts.normalization import NormalizationError, normalize_phone

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
NUMBER_LIKE = st.text("+0123456789 ()-.,;/xt#*\u2010\uff0b", max_size=24)


@pytest.mark.parametrize(
    ("typed", "region", "stored"),
    [
        # The example of the contract: a number that nobody can have.
        ("+1234567890", "", "+1234567890"),
        ("+41 44 668 18 00", "", "+41446681800"),
        ("+41 (0)44 668 18 00", "", "+41446681800"),
        ("+41-44-668-18-00", "", "+41446681800"),
        ("\u202a+41 44 668 18 00\u202c", "", "+41446681800"),
        ("\u200b＋４１ ４４ ６６８ １８ ００\u2060", "", "+41446681800"),
        ("+٤١ ٤٤ ٦٦٨ ١٨ ٠٠", "", "+41446681800"),
        ("tel:+41446681800", "", "+41446681800"),
        ("+41 44 668 18 00 ext. 5", "", "+41446681800"),
        ("＋４１ ４４ ６６８ １８ ００", "", "+41446681800"),
        ("+٤١٤٤٦٦٨١٨٠٠", "", "+41446681800"),
        ("044 668 18 00", "CH", "+41446681800"),
        ("0041 44 668 18 00", "CH", "+41446681800"),
        ("(020) 7946 0018", "GB", "+442079460018"),
        ("555-123-4567", "US", "+15551234567"),
        ("+39 02 3661 8300", "", "+390236618300"),
        ("+49 30 901820", "CH", "+4930901820"),
        ("+1234567", "", "+1234567"),
    ],
)
def test_valid_number_is_normalized(typed: str, region: str, stored: str) -> None:
    assert normalize_phone(typed, region=region) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "+", "abc", "044 668 18 00", "1234567", "+12345", "+1 23", "+0123456789",
        "+1234567890123456", "+999123456789", "\x00", "\ud800", "+" * 1_000, "1" * 100_000,
        "+41" * 100_000, "()" * 50_000, "+41;phone-context=",
    ],
)  # fmt: skip
def test_invalid_number_is_refused_with_a_message(typed: str) -> None:
    with pytest.raises(NormalizationError, match=r"^[A-Z].*[a-z0-9]\.?$"):
        normalize_phone(typed)


@given(ANY_TEXT | NUMBER_LIKE, st.sampled_from(["", "CH", "US", "NL", "AR", "IT"]))
@example("+310000000", "")
@example("+3100000000000", "NL")
def test_normalization_of_any_text_is_idempotent_or_refused(typed: str, region: str) -> None:
    try:
        stored = normalize_phone(typed, region=region)
    except NormalizationError:
        return
    assert stored.startswith("+")
    assert stored[1:].isascii()
    assert stored[1:].isdigit()
    assert 7 <= len(stored[1:]) <= 15
    assert normalize_phone(stored, region=region) == stored
    assert normalize_phone(stored) == stored
