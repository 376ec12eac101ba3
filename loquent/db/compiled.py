"""Compile the statements of the chat once instead of per message.

The ORM takes several times as long to build and compile a query as PostgreSQL takes to run it.
"""

import itertools
import json
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Field, Model, QuerySet

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
        values = _parameters(value for values in lists for value in _filled(values, size))
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
        numbers = {mark: n for n, mark in enumerate(_parameters(itertools.chain(*marks)))}
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


def _parameters(values: Iterable[Value]) -> list[Value]:
    """Return the values in the form that the database expects."""
    if connection.features.has_native_uuid_field:
        return list(values)
    return [value if isinstance(value, str) else value.hex for value in values]


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert new rows of one model, as `bulk_create` does, in one statement for all.

    Columns in which all rows have the model's default are constants of the statement: two thirds of
    a visitor's message.
    """
    if not rows:
        return
    table = _table(type(rows[0]))
    for field in table.automatic:
        for row in rows:
            field.pre_save(row, add=True)
    columns = list(zip(*map(table.values_of, rows), strict=True))
    sent = tuple(
        number
        for number, (column, constant) in enumerate(zip(columns, table.constants, strict=True))
        if constant is _NONE or column.count(constant) < len(rows)
    )
    # Not the proxy: it looks up the thread's connection for each value.
    database = connections[DEFAULT_DB_ALIAS]
    fields = [table.fields[number] for number in sent]
    prepared = [
        [field.get_db_prep_save(value, database) for value in columns[number]]
        for number, field in zip(sent, fields, strict=True)
    ]
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            # A place per column instead of one per value, each of which psycopg would look for.
            cursor.execute(_insert_sql(type(rows[0]), sent, has_arrays=True), prepared)
            return
        sql = _insert_sql(type(rows[0]), sent, has_arrays=False)
        cursor.executemany(sql, list(zip(*prepared, strict=True)))


# No default that a statement could contain.
_NONE = object()


@dataclass(frozen=True, slots=True)
class _Table:
    """The columns of a model. `automatic`: those that Django sets; `constants`: their defaults."""

    fields: Sequence[Field[Any, Any]]
    automatic: Sequence[Field[Any, Any]]
    constants: Sequence[Any]
    values_of: Callable[[Model], tuple[Any, ...]]


@lru_cache
def _table(model: type[Model]) -> _Table:
    fields = model._meta.concrete_fields
    return _Table(
        fields=fields,
        automatic=[
            field
            for field in fields
            if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        ],
        constants=[_constant(field) for field in fields],
        values_of=attrgetter(*(field.attname for field in fields)),
    )


def _constant(field: Field[Any, Any]) -> Any:
    default = _NONE if field.primary_key else field.get_default()
    return default if isinstance(default, str | int | list | dict | None) else _NONE


@lru_cache(maxsize=256)
def _insert_sql(model: type[Model], sent: tuple[int, ...], *, has_arrays: bool) -> str:
    """Return the statement with the columns in `sent` as parameters, and constants for others.

    `has_arrays`: a parameter has the values of all rows.
    """
    quoted = connection.ops.quote_name
    table = _table(model)
    others = [number for number in range(len(table.fields)) if number not in sent]
    names = ", ".join(quoted(str(table.fields[number].column)) for number in (*sent, *others))
    kinds = [str(field.db_type(connection)) for field in table.fields]
    into = f"INSERT INTO {quoted(model._meta.db_table)} ({names})"
    constants = [_literal(table.constants[number]) for number in others]
    if not has_arrays:
        return f"{into} VALUES ({', '.join(['%s'] * len(sent) + constants)})"
    typed = [f"{constants[n]}::{kinds[number]}" for n, number in enumerate(others)]
    arrays = ", ".join(f"(%s)::{kinds[number]}[]" for number in sent)
    values = ", ".join(["given.*", *typed])
    return f"{into} SELECT {values} FROM UNNEST({arrays}) AS given"  # noqa: S608


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value).upper()
    text = value if isinstance(value, str) else json.dumps(value)
    return "'" + str(text).replace("'", "''").replace("%", "%%") + "'"
