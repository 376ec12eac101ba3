from hypothesis import given
from hypothesis import strategies as st

from loquent.text import TextCleaner

hostile = st.text(
    st.one_of(
        st.sampled_from("\x00\x07\r\n\t a"),
        st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"]),
        st.characters(),
    )
)


def clean(*pieces: str) -> str:
    cleaner = TextCleaner()
    return "".join(cleaner.feed(piece) for piece in pieces) + cleaner.finish()


def test_surrogate_pair_split_over_two_pieces_is_joined() -> None:
    assert clean("a\ud83d", "\ude00b") == "a😀b"


def test_lone_surrogate_becomes_a_replacement_character() -> None:
    assert clean("\ud83d", "x\ude00", "\ud83d") == "\ufffdx\ufffd\ufffd"


def test_control_characters_except_newline_and_tab_are_removed() -> None:
    assert clean("a\x00b\r\n\tc\x1b[31m") == "ab\n\tc[31m"


def test_control_character_between_surrogates_does_not_separate_them() -> None:
    assert clean("\ud83d\x00", "\x07", "\ude00") == "😀"


@given(st.lists(hostile))
def test_cleaning_pieces_equals_cleaning_the_whole_and_is_storable(pieces: list[str]) -> None:
    cleaned = clean(*pieces)
    assert cleaned == clean("".join(pieces))
    assert "\x00" not in cleaned
    cleaned.encode()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_harmless_text_is_unchanged(text: str) -> None:
    assert clean(text) == text
