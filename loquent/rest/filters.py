"""Filters and orders of lists. Strict: anything unknown returns 400.

If a misspelled filter were ignored, the response would be the whole list, and a program might
delete everything in it.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request

from loquent.limits import MAX_SEARCH
from loquent.text import clean_text

# A time, and the space before its offset.
DECODED_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d\Z)")

ORDERING = "ordering"
CURSOR = "cursor"


class StrictFilterBackend(filters.DjangoFilterBackend):  # type: ignore[misc]
    """django-filter's backend, which also reports unknown parameters."""

    def filter_queryset(
        self, request: Request, queryset: models.QuerySet[Any], view: Any
    ) -> models.QuerySet[Any]:
        filterset = self.get_filterset_class(view, queryset)
        known = set(filterset.base_filters) if filterset else set()
        known |= {CURSOR} if view.pagination_class else set()
        known |= {ORDERING} if getattr(view, "ordering_fields", ()) else set()
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            names = ", ".join(sorted(known))
            raise ValidationError(
                {clean_text(name): f"Unknown parameter. Use {names}." for name in unknown}
            )
        wrong = {}
        for name, values in request.query_params.lists():
            if len(values) > 1:
                wrong[name] = "Send this parameter only once."
            elif not values[0]:
                wrong[name] = "This parameter is empty. Give it a value, or omit it."
        if wrong:
            raise ValidationError(wrong)
        found: models.QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return found


class StrictOrderingFilter(OrderingFilter):
    """`ordering=-created_at`: one of the view's `ordering_fields`; the id breaks ties."""

    def get_ordering(
        self, request: Request, queryset: models.QuerySet[Any], view: Any
    ) -> Sequence[str]:
        wanted = request.query_params.get(ORDERING)
        if wanted is None:
            wanted = view.ordering
        elif wanted not in ordering_choices(view):
            choices = ", ".join(ordering_choices(view))
            raise ValidationError({ORDERING: f"Use one of {choices}."})
        return (wanted, "-id" if wanted.startswith("-") else "id")

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        schema = {"type": "string", "enum": ordering_choices(view), "default": view.ordering}
        description = "The sort order. A leading `-` reverses it."
        return [
            {
                "name": ORDERING,
                "required": False,
                "in": "query",
                "description": description,
                "schema": schema,
            }
        ]


def ordering_choices(view: Any) -> list[str]:
    """Return the values that `ordering` may have at this view."""
    return [f"{sign}{name}" for name in view.ordering_fields for sign in ("-", "")]


class BooleanChoice(filters.ChoiceFilter):  # type: ignore[misc]
    """`true` or `false`; django-filter's own field ignores any other value."""

    def __init__(self, *, help_text: str, **kwargs: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], **kwargs)
        extend_schema_field({"type": "boolean", "description": help_text})(self)

    def filter(self, queryset: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        found: models.QuerySet[Any] = super().filter(queryset, value and value == "true")
        return found


class SearchFilter(filters.CharFilter):  # type: ignore[misc]
    """Rows that have this text in one of their columns, in upper or lower case."""

    def __init__(self, *columns: str, **kwargs: Any) -> None:
        self._columns = columns
        super().__init__(max_length=MAX_SEARCH, **kwargs)

    def filter(self, queryset: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        if not value:
            return queryset
        found = models.Q()
        for column in self._columns:
            found |= models.Q((f"{column}__icontains", value))
        return queryset.filter(found)


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A time in UTC: PostgreSQL doesn't accept every offset of ISO 8601.

    Accepts a plus sign that the client did not encode, and that was decoded as a space.
    """

    def to_python(self, value: Any) -> datetime | None:
        if isinstance(value, str) and "T" in value:
            value = DECODED_PLUS.sub("+", value)
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise DjangoValidationError("This time is out of range.") from None


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    """Compares a column with a time such as 2026-01-05T09:30:00Z."""

    field_class = MomentField


class PeriodFilterSet(filters.FilterSet):  # type: ignore[misc]
    """Rows created in a period: at or after one time, and before another."""

    created_from = MomentFilter(
        field_name="created_at", lookup_expr="gte", help_text="Created at or after this time."
    )
    created_until = MomentFilter(
        field_name="created_at", lookup_expr="lt", help_text="Created before this time."
    )
