"""The read-only admin page of the audit log, for owners."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.moments import date_and_time
from loquent.organizations.audit import CHANGED, CREATED, DELETED
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.site.staff_site import Nav

WORDS = {CREATED: "created", CHANGED: "changed", DELETED: "deleted"}
NOTHING = "–"
PLAIN = {"None": NOTHING, "": NOTHING, "True": "yes", "False": "no"}
IN_LIST = 3
# What pages call a field whose own name is technical.
FIELD_NAMES = {
    "allowed_origins": "allowed sites",
    "daily_message_cap": "daily message limit",
    "daily_token_budget": "daily limit for AI models",
    "default_phone_region": "country",
    "max_output_tokens": "maximum answer length",
    "retention_days": "days until conversations are deleted",
    "text_agent": "assistant",
}


class KindFilter(admin.SimpleListFilter):
    """Filter by the kind of the changed row."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = ContentType.objects.filter(
            id__in=model_admin.get_queryset(request).order_by().values("content_type")
        )
        return sorted((str(kind.pk), kind.name) for kind in kinds)

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[AuditEntry]
    ) -> models.QuerySet[AuditEntry]:
        known = {pk for pk, _ in self.lookup_choices}
        value = self.value()
        return queryset.filter(content_type=value) if value in known else queryset


class ActionFilter(admin.SimpleListFilter):
    """Filter by action."""

    title = "action"
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(action), word) for action, word in WORDS.items()]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[AuditEntry]
    ) -> models.QuerySet[AuditEntry]:
        known = {action for action, _ in self.lookup_choices}
        value = self.value()
        return queryset.filter(action=value) if value in known else queryset


class AuditAdmin(TenantAdmin):
    """The audit log, newest entries first."""

    nav = Nav("Settings", 38, "Audit log", "history", section="Settings")
    list_display = ["when", "organization", "actor_name", "what", "summary"]
    list_select_related = ["organization", "content_type"]
    list_filter = [
        ("actor_name", admin.AllValuesFieldListFilter),
        KindFilter,
        ActionFilter,
        ("timestamp", admin.DateFieldListFilter),
    ]
    # A row's "History" button links here with these parameters.
    linked_lookups = ("object_pk",)
    search_fields = ["object_repr", "actor_name", "changes"]
    fields = ["when", "organization", "actor_name", "what", "details"]
    readonly_fields = ["when", "organization", "actor_name", "what", "details"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="when", ordering="timestamp")
    def when(self, obj: AuditEntry) -> str:
        return date_and_time(obj.timestamp)

    @admin.display(description="what")
    def what(self, obj: AuditEntry) -> str:
        return f"{kind_of(obj)} {obj.object_repr} {WORDS.get(obj.action, '')}"

    @admin.display(description="changes")
    def summary(self, obj: AuditEntry) -> str:
        if obj.action != CHANGED:
            return NOTHING
        lines = [f"{name}: {old} → {new}" for name, old, new in readable(obj)]
        more = [f"and {len(lines) - IN_LIST} more"] if len(lines) > IN_LIST else []
        return "; ".join(line[:120] for line in lines[:IN_LIST] + more) or NOTHING

    @admin.display(description="changes")
    def details(self, obj: AuditEntry) -> SafeString | str:
        rows = format_html_join(
            "", '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>', readable(obj)
        )
        return rows and format_html(
            '<div class="lq-scroll"><table><thead><tr><th scope="col">Field</th>'
            '<th scope="col">Before</th><th scope="col">After</th></tr></thead>'
            "<tbody>{}</tbody></table></div>",
            rows,
        )


def kind_of(entry: AuditEntry) -> str:
    """Return the kind of the changed row, by its name in the admin."""
    model = entry.content_type.model_class()
    name = str(model._meta.verbose_name) if model else str(entry.content_type.model)
    return name[:1].upper() + name[1:]


def readable(entry: AuditEntry) -> Iterator[tuple[str, str, str]]:
    """Yield the field, the old value and the new value of each change."""
    model = entry.content_type.model_class()
    for name, (old, new) in sorted((entry.changes or {}).items()):
        try:
            field: Any = model._meta.get_field(name) if model else None
        except FieldDoesNotExist:
            field = None
        own_name = str(getattr(field, "verbose_name", name)).replace("_", " ")
        label = FIELD_NAMES.get(name, own_name)
        choices = dict(getattr(field, "flatchoices", None) or [])
        if _as_list(old) is not None or _as_list(new) is not None:
            yield label, *_list_words(old, new)
            continue
        words = [str(choices.get(text, PLAIN.get(text, text))) for text in (old, new)]
        if isinstance(field, models.DateTimeField):
            words = [word if word == NOTHING else f"{word[:16]} UTC" for word in words]
        yield label, words[0], words[1]


def _as_list(text: str) -> list[str] | None:
    """Return the items of a list of texts that was logged as JSON."""
    try:
        items = json.loads(text) if text.startswith("[") else None
    except ValueError:
        return None
    return items if isinstance(items, list) and all(isinstance(i, str) for i in items) else None


def _list_words(old: str, new: str) -> tuple[str, str]:
    """Return two lists of texts as people write them."""
    before, after = (", ".join(_as_list(text) or []) or NOTHING for text in (old, new))
    return before, after
