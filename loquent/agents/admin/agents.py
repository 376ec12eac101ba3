"""The admin pages of text agents, and of the tokens that they use."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from loquent.agents.admin.form import TextAgentForm
from loquent.agents.admin.pages import AgentPages
from loquent.agents.backends.registry import explain_refused_model
from loquent.agents.models import DailyTokenUsage, TextAgent
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.services.ceilings import daily_tokens
from loquent.organizations.site.staff_site import Nav


@admin.register(TextAgent)
class TextAgentAdmin(AgentPages):
    """The admin of text agents."""

    nav = Nav("Assistant", 12, "Assistants", "agent")
    form = TextAgentForm
    nav_url = TenantAdmin.only_row_url
    list_display = ["name", "model", "entries", "status", "organization", "updated_at"]
    list_filter = ["enabled"]
    list_select_related = ["organization"]
    search_fields = ["name", "model"]
    change_form_template = "admin/agents/textagent/change_form.html"
    fieldsets = [
        (None, {"fields": ["organization", "name", "enabled", "version"]}),
        ("How it answers", {"fields": ["model", "instructions"]}),
        ("Limits", {"fields": ["max_output_tokens", "temperature", "fallback_sentence"]}),
    ]

    class Media:
        css = {"all": ["loquent/inbox.css", "agents/agent.css"]}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[TextAgent]:
        agents: models.QuerySet[TextAgent] = super().get_queryset(request)
        return agents.annotate(entry_count=models.Count("knowledge"))

    def get_readonly_fields(self, request: HttpRequest, obj: TextAgent | None = None) -> list[str]:
        # Its widgets belong to the same organization, so the agent can't be moved to another.
        return ["organization"] if obj else []

    def save_model(self, request: HttpRequest, obj: TextAgent, form: Any, change: bool) -> None:
        form.save_through_services(obj)

    @admin.display(description="knowledge", ordering="entry_count")
    def entries(self, obj: TextAgent) -> str:
        count: int = obj.entry_count  # type: ignore[attr-defined]
        return f"{count} entr{'y' if count == 1 else 'ies'}"

    @admin.display(description="status", ordering="enabled")
    def status(self, obj: TextAgent) -> str:
        if not obj.enabled:
            return "Disabled"
        return "Model not allowed" if explain_refused_model(obj.model) else "Enabled"


@admin.register(DailyTokenUsage)
class DailyTokenUsageAdmin(TenantAdmin):
    """Daily token usage of organizations with a budget or a ceiling; read only."""

    nav = Nav("Settings", 34, "Usage and limits", "meter", section="Settings")
    list_display = ["organization", "day", "used", "reserved", "daily_token_budget"]
    list_select_related = ["organization"]
    date_hierarchy = "day"
    fields = ["organization", "day", "used", "reserved"]
    ordering = ["-day"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="daily limit", empty_value="no limit")
    def daily_token_budget(self, obj: DailyTokenUsage) -> int | None:
        return daily_tokens(obj.organization.daily_token_budget)
