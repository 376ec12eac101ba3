"""Compile the chat's queries once instead of per message.

The ORM takes several times as long to build and compile a query as PostgreSQL takes to run it.
"""

import itertools
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

Row = tuple[Any, ...]
Value = uuid.UUID | str
Build = Callable[..., QuerySet[Any, Any]]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """`places`: pairs of (parameter index, value index)."""

    sql: str
    parameters: Sequence[Any]
    places: Sequence[tuple[int, int]]
    read: Callable[..., Iterable[Row]]


class PreparedQuery:
    """Runs a query over some ids, and returns its rows as tuples.

    `build(ids)` returns a `values_list` that uses the ids in `__in` lookups and is otherwise the
    same each time; `build(ids, texts)` if there are two lists of equal length. It is called once
    for 1, 2, 4, 8 … ids; shorter lists are padded with their last item.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def __call__(self, *lists: Collection[Value]) -> list[Row]:
        """Return the rows for these ids; without ids there is no query."""
        count = len(lists[0])
        if not count:
            return []
        size = 1 << (count - 1).bit_length()
        compiled = self._compiled.get((connection.vendor, size)) or self._compile(lists, size)
        values = [_parameter(value) for values in lists for value in _filled(values, size)]
        parameters = list(compiled.parameters)
        for place, number in compiled.places:
            parameters[place] = values[number]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, parameters)
            found = cursor.fetchall()
        return list(compiled.read(results=[found], tuple_expected=True))

    def _compile(self, lists: Sequence[Collection[Value]], size: int) -> _Compiled:
        # Marker values that appear nowhere else in the query.
        marks = [[_mark(like) for like in _filled(values, size)] for values in lists]
        compiler = self._build(*marks).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        numbers = {_parameter(mark): n for n, mark in enumerate(itertools.chain(*marks))}
        places = [
            (place, numbers[value])
            for place, value in enumerate(parameters)
            if isinstance(value, str | uuid.UUID) and value in numbers
        ]
        compiled = _Compiled(sql, parameters, places, compiler.results_iter)
        self._compiled[connection.vendor, size] = compiled
        return compiled


def _filled(values: Collection[Value], size: int) -> list[Value]:
    given = list(values)
    return given + given[-1:] * (size - len(given))


def _mark(like: Value) -> Value:
    mark = uuid.uuid4()
    return mark if isinstance(like, uuid.UUID) else f"text {mark}"


def _parameter(value: Value) -> Value:
    """Return a value in the form that the database expects."""
    if isinstance(value, str) or connection.features.has_native_uuid_field:
        return value
    return value.hex
