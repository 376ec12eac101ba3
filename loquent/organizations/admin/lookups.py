"""Restrict the query parameters by which an admin list can be filtered."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest

from loquent.limits import MAX_SEARCH

DATE_PARTS = {"year": 9_999, "month": 12, "day": 31}


class DeclaredLookups(admin.ModelAdmin[Any]):
    """An admin list that accepts only the parameters of its own filters.

    Django accepts every column of the model, and every name that the model does not list. The ORM
    accepts even more: hidden relations lead to rows of any tenant, and whether a list is empty
    under a condition reveals a value letter by letter. Here, only declared parameters reach the
    database.
    """

    # Further parameters, used by links in the product.
    linked_lookups: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether a filter of the list, or a link to it, declares this parameter.

        Raise IncorrectLookupParameters, which redirects to the unfiltered list, for a name that is
        neither a column nor a relation, such as a tracking parameter.
        """
        cached = request.__dict__
        if "_declared_lookups" not in cached:
            cached["_declared_lookups"] = self._declared_lookups(request)
        if lookup in cached["_declared_lookups"]:
            self._check_date(lookup, value)
            return True
        if lookup.isidentifier() and LOOKUP_SEP not in lookup and not self._is_known(lookup):
            raise IncorrectLookupParameters(lookup)
        return False

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Return whether rows may be referenced by this column: only by the primary key."""
        return to_field == self.opts.pk.name

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that match every word of the search term, which is truncated.

        Each word adds a condition, and databases limit how many they evaluate.
        """
        return super().get_search_results(request, queryset, search_term[:MAX_SEARCH])

    def _check_date(self, lookup: str, value: str) -> None:
        """Raise IncorrectLookupParameters for a year, month or day that no calendar has."""
        path, _, part = lookup.rpartition(LOOKUP_SEP)
        if path != self.date_hierarchy or part not in DATE_PARTS:
            return
        is_number = value.isascii() and value.isdigit() and len(value) <= len("9999")
        if not is_number or not 1 <= int(value) <= DATE_PARTS[part]:
            raise IncorrectLookupParameters(lookup)

    def _is_known(self, name: str) -> bool:
        try:
            self.opts.get_field(name)
        except FieldDoesNotExist:
            return name == "pk" or any(name == field.attname for field in self.opts.fields)
        return True

    def _declared_lookups(self, request: HttpRequest) -> frozenset[str]:
        names = set(self.linked_lookups)
        if self.date_hierarchy:
            names |= {f"{self.date_hierarchy}__{part}" for part in DATE_PARTS}
        for declared in self.get_list_filter(request):
            names |= self._parameters_of(declared, request)
        return frozenset(names)

    def _parameters_of(self, declared: Any, request: HttpRequest) -> set[str]:
        """Return the parameters of a filter, as declared in `list_filter`."""
        if isinstance(declared, type) and issubclass(declared, admin.SimpleListFilter):
            return {str(declared.parameter_name)}
        path, kind = (
            declared
            if isinstance(declared, tuple | list)
            else (declared, admin.FieldListFilter.create)
        )
        field = get_fields_from_path(self.model, path)[-1]
        spec = kind(field, request, {}, self.model, self, field_path=path)
        return {str(name) for name in spec.expected_parameters() if name}
