"""Count what is deleted together with rows, in the database, without loading it.

Django's own page loads and names every row, and a widget may have more messages than fit in memory.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import CASCADE, PROTECT, RESTRICT, Model, Q, QuerySet
from django.db.models.fields.reverse_related import ForeignObjectRel

Kind = type[Model]


def count_dependents(rows: Sequence[Model]) -> dict[Kind, int]:
    """Return how many rows of each kind would be deleted with these, by cascade."""
    going, _ = _conditions(rows)
    counts = {kind: kind._base_manager.filter(condition).count() for kind, condition in going}
    return {kind: count for kind, count in counts.items() if count}


def find_holders(rows: Sequence[Model]) -> Iterator[QuerySet[Any]]:
    """Yield the rows, per model, that prevent the deletion and wouldn't be deleted too."""
    going, holding = _conditions(rows)
    leaving = dict(going)
    for kind, condition in holding:
        held = kind._base_manager.filter(condition)
        yield held.exclude(leaving[kind]) if kind in leaving else held


def _conditions(
    rows: Sequence[Model],
) -> tuple[list[tuple[Kind, Q]], list[tuple[Kind, Q]]]:
    """Return conditions per model for the rows deleted with these, and for rows protecting them."""
    going: dict[Kind, Q] = defaultdict(Q)
    holding: dict[Kind, Q] = defaultdict(Q)
    ids = [row.pk for row in rows]
    for kind, way, is_going in _ways(type(rows[0])) if rows else ():
        (going if is_going else holding)[kind] |= Q((f"{way}__in", ids))
    return list(going.items()), list(holding.items())


def _ways(model: Kind, below: str = "") -> Iterator[tuple[Kind, str, bool]]:
    """Yield each model that references this one, the lookup back to it, and whether it cascades."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.many_to_many:
            continue
        kind: Any = relation.related_model
        way = f"{relation.field.name}__{below}" if below else relation.field.name
        if relation.on_delete is CASCADE and kind is not model:
            yield kind, way, True
            yield from _ways(kind, way)
        elif relation.on_delete in {PROTECT, RESTRICT}:
            yield kind, way, False
