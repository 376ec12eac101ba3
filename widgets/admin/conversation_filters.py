"""Filters of the conversation list."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from loquent.agents.search.languages import LANGUAGE_NAMES
from loquent.organizations.access import visible_organizations
from loquent.organizations.site.current import current_organization
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.attention import NEEDS_STAFF
from widgets.services.insights.periods import final_outcome
from widgets.types import AnswerOutcome, Reason


class AttentionFilter(admin.SimpleListFilter):
    """Filter by why a conversation needs staff."""

    title = "needs attention"
    parameter_name = "attention"
    ANY = "any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.ANY, "Any reason"), *Reason.choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        chosen = self.value()
        if chosen == self.ANY:
            return queryset.filter(attention__gte=NEEDS_STAFF)
        if chosen not in Reason.values:
            return queryset
        # The index has the sessions with any reason.
        needing = queryset.filter(attention__gte=NEEDS_STAFF)
        bit = Reason(chosen).bit
        return needing.alias(its_bit=F("attention").bitand(bit)).filter(its_bit=bit)


class FormFilter(admin.SimpleListFilter):
    """A filter that is a small form, which keeps the search and the other filters."""

    template = "admin/widgets/widgetsession/select_filter.html"

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield nothing; set what the template shows.

        `others`: parameters that the form keeps; `options`: those of a `<select>`.
        """
        self.others = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name != self.parameter_name
            for value in values
        ]
        chosen = self.value() or ""
        self.options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (key, SafeString(" selected") if key == chosen else "", name)
                for key, name in [("", "All"), *self.lookup_choices]
            ),
        )
        return iter(())


class WidgetFilter(FormFilter):
    """Filter by widget. A `<select>`, because there may be a thousand."""

    title = "widget"
    parameter_name = "widget"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        current = current_organization(request)
        mine = [current] if current else visible_organizations(request.user)
        widgets = WidgetConfig.objects.filter(organization__in=mine).order_by("name", "id")
        return [(str(widget.pk), str(widget)) for widget in widgets.only("name", "widget_id")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        chosen = self.value()
        known = {key for key, _ in self.lookup_choices}
        return queryset.filter(widget_id=uuid.UUID(chosen)) if chosen in known else queryset


class ChatLanguageFilter(FormFilter):
    """Filter by the language of the visitor's browser."""

    title = "language"
    parameter_name = "lang"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(LANGUAGE_NAMES.items(), key=lambda item: item[1])

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        chosen = self.value()
        return queryset.filter(language=chosen) if chosen in LANGUAGE_NAMES else queryset


class PageAddressFilter(FormFilter):
    """Filter by a part of the address of the visitor's page."""

    title = "page"
    parameter_name = "on"
    template = "admin/widgets/widgetsession/page_filter.html"

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        text = (self.value() or "").strip()
        return [(self.value() or "", f"“{text}”")] if text else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        text = (self.value() or "").strip()
        # Nothing in the database has a zero byte, and PostgreSQL refuses one.
        return queryset.filter(page_url__icontains=text.replace("\0", "")) if text else queryset


class LastAnswerFilter(admin.SimpleListFilter):
    """Filter by the outcome of the latest answer."""

    title = "last answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return AnswerOutcome.choices

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        chosen = self.value()
        if chosen not in AnswerOutcome.values:
            return queryset
        return queryset.annotate(last_outcome=final_outcome()).filter(last_outcome=chosen)


class FeedbackFilter(admin.SimpleListFilter):
    """Filter by whether the visitor rated an answer."""

    title = "feedback"
    parameter_name = "feedback"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("any", "Any"),
            ("down", "Thumbs down"),
            ("up", "Thumbs up"),
            ("comment", "With a comment"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        rated = WidgetMessage.objects.filter(session=OuterRef("pk"), rating__isnull=False)
        match self.value():
            case "any":
                return queryset.filter(Exists(rated))
            case "down" | "up" as rating:
                return queryset.filter(Exists(rated.filter(rating=rating)))
            case "comment":
                return queryset.filter(Exists(rated.exclude(rating_comment="")))
        return queryset


class ContactFilter(admin.SimpleListFilter):
    """Filter by whether the visitor is a known contact."""

    title = "contact"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Known"), ("no", "Unknown")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(contact__isnull=self.value() == "no")
        return queryset


class ActivityFilter(admin.SimpleListFilter):
    """Filter by the time of the last activity."""

    title = "last activity"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "24 hours"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        value = self.value()
        if value not in {"1", "7", "30", "90"}:
            return queryset
        return queryset.filter(last_active_at__gte=timezone.now() - timedelta(days=int(value)))


def filter_chips(changelist: Any) -> list[dict[str, str]]:
    """Return the active filters with their values, and the address of the list without each."""
    chips = []
    for spec in changelist.filter_specs:
        name = getattr(spec, "parameter_name", None)
        label = dict(spec.lookup_choices).get(spec.value()) if name else None
        if label and (name, spec.value()) != (AttentionFilter.parameter_name, AttentionFilter.ANY):
            url = changelist.get_query_string(remove=[name])
            chips.append({"label": f"{str(spec.title).capitalize()}: {label}", "url": url})
    return chips
