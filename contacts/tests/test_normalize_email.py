"""One spelling for every email address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.normalization import NormalizationError, normalize_email

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("jane@example.com", "jane@example.com"),
        ("  Jane@Example.COM\n", "jane@example.com"),
        ("ｊａｎｅ@example.com", "jane@example.com"),
        ("jane＠example.com", "jane@example.com"),
        ("\u200bjane@example.com", "jane@example.com"),
        ("\ufeffjane@example.com\u200e", "jane@example.com"),
        ("\u2068jane@example.com\u2069\xad", "jane@example.com"),
        ("jane@example。com", "jane@example.com"),
        ("jane+shop@example.com", "jane+shop@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("a.b_c-d@sub.example.co.uk", "a.b_c-d@sub.example.co.uk"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@BÜCHER.example", "jane@xn--bcher-kva.example"),
        ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
        ("jane@straße.de", "jane@xn--strae-oqa.de"),
        ("josé@example.com", "josé@example.com"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("1@2.example3", "1@2.example3"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_valid_address_is_normalized(typed: str, stored: str) -> None:
    assert normalize_email(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "jane",
        "@",
        "jane@",
        "@example.com",
        "jane@localhost",
        "jane@example.com.",
        "jane@.example.com",
        "jane@example..com",
        "jane@-example.com",
        "jane@exa_mple.com",
        "jane@exa mple.com",
        "jane@1.2.3.4",
        "jane@[127.0.0.1]",
        "jane@[IPv6:::1]",
        "a@b@example.com",
        '"jane doe"@example.com',
        "jane doe@example.com",
        ".jane@example.com",
        "jane.@example.com",
        "ja..ne@example.com",
        "Jane <jane@example.com>",
        "jane@example.com, bob@example.com",
        "mailto:jane@example.com",
        "jane\x00@example.com",
        "jane@exam\x00ple.com",
        "ja\x1bne@example.com",
        "ja\u200bne@example.com",
        "ja\u202ene@example.com",
        "ja\ud800ne@example.com",
        "jane@exam\udfffple.com",
        "jane@☃.example",
        "jane@xn--.example",
        "x" * 65 + "@example.com",
        "jane@" + "x" * 64 + ".com",
        "jane@" + "x." * 130 + "com",
        "x" * 200_000,
        "@" * 100_000,
        "jane@" + "a." * 100_000 + "com",
        "jane@" + "ü" * 100_000 + ".com",
    ],
)
def test_invalid_address_is_refused_with_a_message(typed: str) -> None:
    with pytest.raises(NormalizationError, match=r"^(Please|The) .*\w\.$"):
        normalize_email(typed)


@given(ANY_TEXT | st.builds("{}@{}.com".format, ANY_TEXT, ANY_TEXT))
def test_normalization_of_any_text_is_idempotent_or_refused(typed: str) -> None:
    try:
        stored = normalize_email(typed)
    except NormalizationError:
        return
    assert normalize_email(stored) == stored
    assert len(stored) <= 254
    assert "\x00" not in stored.encode().decode()


@given(st.emails())
def test_upper_case_spelling_is_the_same_address(typed: str) -> None:
    try:
        stored = normalize_email(typed)
    except NormalizationError:
        return
    assert normalize_email(f" {typed.upper()} ") == stored
