"""The contrast of two colours, and what staff hear of one that is too low."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.admin.contrast import contrast_ratio, contrast_warning
from widgets.admin.widget_form import SWATCHES

COLORS = st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#FFFFFF", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#6366f1", "#ffffff", 4.47),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_known_pairs_have_their_wcag_contrast(one: str, other: str, ratio: float) -> None:
    assert contrast_ratio(one, other) == pytest.approx(ratio, abs=0.006)


@given(COLORS, COLORS)
def test_contrast_is_symmetric_and_bounded(one: str, other: str) -> None:
    assert contrast_ratio(one, other) == contrast_ratio(other, one)
    assert 1 <= contrast_ratio(one, other) <= 21


def test_insufficient_contrast_is_never_rounded_up() -> None:
    assert contrast_warning("#767676", "#ffffff") == ""
    assert "4.4:1" in contrast_warning("#777777", "#ffffff")


def test_every_swatch_of_the_form_is_readable() -> None:
    assert len(SWATCHES) == 6
    assert {name for name, color in SWATCHES.items() if contrast_warning(color, "#ffffff")} == set()
