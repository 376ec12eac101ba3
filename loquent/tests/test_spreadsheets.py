"""Tables as CSV: what a spreadsheet would compute is text, and nothing is lost."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.organizations.admin.spreadsheets import FORMULA, safe_cell, to_csv


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"), ("+41", "'+41"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("a=1", "a=1"), (-1, "-1"), (1.5, "1.5"), (None, ""), ("", ""),
    ],
)  # fmt: skip
def test_cells_are_escaped(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"))))
def test_any_text_round_trips_and_is_never_a_formula(texts: list[str]) -> None:
    made = to_csv([["first", *texts]])
    assert made.startswith("\ufeff")
    (row,) = csv.reader(io.StringIO(made.removeprefix("\ufeff"), newline=""))
    assert [cell for cell in row if cell.startswith(FORMULA)] == []
    plain = [
        cell.removeprefix("'") if safe_cell(text) != text else cell
        for text, cell in zip(texts, row[1:], strict=True)
    ]
    assert plain == texts
