"""The log of actions: what agents called in conversations, and how it ended."""

import json
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.site.staff_site import Nav
from widgets.action_types import ActionStatus, CallEnd
from widgets.models import ActionCall

BADGES = {
    CallEnd.SUCCEEDED.value: "lq-good",
    CallEnd.FAILED.value: "lq-bad",
    CallEnd.UNKNOWN.value: "lq-warn",
    CallEnd.INTERRUPTED.value: "lq-warn",
}
NOTHING = "–"


@admin.register(ActionCall)
class ActionCallAdmin(TenantAdmin):
    """What was called; rows are deleted with their conversation."""

    empty_text = "Nothing has been called yet."
    nav = Nav("Assistant", 16, "Action log", "history", section="Actions")
    organization_path = "session__widget__organization"
    list_display = ["title", "state", "values", "duration", "conversation", "created_at"]
    list_filter = ["outcome"]
    fields = (
        "title", "name", "created_at", "conversation", "values", "state", "status", "http_status",
        "duration", "reason",
    )  # fmt: skip
    readonly_fields = fields
    ordering = ["-created_at", "-id"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ActionCall]:
        rows: models.QuerySet[ActionCall] = super().get_queryset(request)
        return rows.select_related("session__widget__organization")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="result", ordering="outcome")
    def state(self, obj: ActionCall) -> str:
        text = obj.get_outcome_display()
        if not text:
            # A lookup has no status.
            is_running = obj.status in {ActionStatus.CONFIRMED, ""}
            text = "Running" if is_running else obj.get_status_display()
        badge = '<span class="lq-badge {}">{}</span>'
        return format_html(badge, BADGES.get(obj.outcome, ""), text or NOTHING)

    @admin.display(description="values")
    def values(self, obj: ActionCall) -> str:
        pairs = [f"{name}: {_plain(value)}" for name, value in obj.arguments.items()]
        return ", ".join(pairs)[:300] or NOTHING

    @admin.display(description="duration", ordering="duration_ms")
    def duration(self, obj: ActionCall) -> str:
        return NOTHING if obj.duration_ms is None else f"{obj.duration_ms:,} ms"

    @admin.display(description="conversation")
    def conversation(self, obj: ActionCall) -> str:
        url = reverse("admin:widgets_widgetsession_change", args=[obj.session_id])
        return format_html('<a href="{}">{}</a>', url, "Open")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
