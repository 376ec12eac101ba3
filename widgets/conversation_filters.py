"""The filters beside the list of conversations."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from widgets.models import WidgetMessage, WidgetSession
from widgets.types import MessageStatus


class LastAnswerFilter(admin.SimpleListFilter):
    """How the latest answer ended."""

    title = "last answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (MessageStatus.COMPLETE.value, "Complete"),
            (MessageStatus.FAILED.value, "Failed"),
            (MessageStatus.INTERRUPTED.value, "Interrupted"),
            (MessageStatus.STOPPED.value, "Stopped"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        return queryset.filter(last_answer_status=self.value()) if self.value() else queryset


class FeedbackFilter(admin.SimpleListFilter):
    """Whether the visitor rated an answer."""

    title = "feedback"
    parameter_name = "feedback"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", "Any"), ("down", "Thumb down"), ("up", "Thumb up")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WidgetSession]
    ) -> QuerySet[WidgetSession]:
        rated = WidgetMessage.objects.filter(session=OuterRef("pk"), rating__isnull=False)
        match self.value():
            case "any":
                return queryset.filter(Exists(rated))
            case "down" | "up" as rating:
                return queryset.filter(Exists(rated.filter(rating=rating)))
        return queryset


class ContactFilter(admin.SimpleListFilter):
    """Whether it is known who the visitor is."""

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
    """When something happened last."""

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
