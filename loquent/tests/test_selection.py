"""The quick tests run an even choice of the rows of long tables."""

import pytest

from loquent.testing.selection import evenly


@pytest.mark.parametrize(
    ("rows", "count", "chosen"),
    [
        (0, 5, []),
        (5, 5, [0, 1, 2, 3, 4]),
        (6, 5, [0, 1, 2, 3, 5]),
        (68, 5, [0, 16, 33, 50, 67]),
        (9, 2, [0, 8]),
    ],
)
def test_choice_has_the_first_and_the_last_row(rows: int, count: int, chosen: list[int]) -> None:
    assert evenly(range(rows), count) == chosen


@pytest.mark.parametrize("number", range(30))
def test_long_table_has_marked_rows(request: pytest.FixtureRequest, number: int) -> None:
    is_chosen = number in evenly(range(30), 5)
    assert (request.node.get_closest_marker("row") is None) == is_chosen


def test_mark_database_follows_from_the_fixtures(request: pytest.FixtureRequest, db: None) -> None:
    assert request.node.get_closest_marker("database")
