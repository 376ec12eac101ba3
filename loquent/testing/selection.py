"""Mark the collected tests, so that commands can select them by `-m`, and sort them."""

import os
from collections import defaultdict
from collections.abc import Sequence
from math import isqrt
from typing import TypeVar

import pytest

T = TypeVar("T")

DATABASE_FIXTURES = {"db", "transactional_db"}
# A table is a parametrized test. One that is no longer than this has no mark `row`.
SHORT_TABLE = 2


def mark_by_themselves(items: list[pytest.Item]) -> None:
    """Add the marks of pytest.ini that follow from what a test is."""
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.exhaustive)
        if item.get_closest_marker("django_db") or (
            DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
        ):
            item.add_marker(pytest.mark.database)
        tables[item.nodeid.partition("[")[0]].append(item)
    for rows in tables.values():
        _mark_rows([item for item in rows if not item.get_closest_marker("exhaustive")])


def _mark_rows(rows: list[pytest.Item]) -> None:
    """Mark the rows of a table that the quick tests leave out.

    Neighbours are of one kind, so an even choice with the first and the last row has most kinds.
    """
    quick = set(evenly(rows, max(SHORT_TABLE, isqrt(len(rows)))))
    for item in rows:
        if item not in quick:
            item.add_marker(pytest.mark.row)


def evenly(rows: Sequence[T], count: int) -> list[T]:
    """Return at most `count` (two or more) rows at even distances, with the first and the last."""
    if len(rows) <= count:
        return list(rows)
    return [rows[at * (len(rows) - 1) // (count - 1)] for at in range(count)]


def put_longest_first(items: list[pytest.Item]) -> None:
    """Sort the tests so that all processes finish at about the same time."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: [mark not in item.keywords for mark in ("slow", "server")])
