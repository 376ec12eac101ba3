"""The admin pages of text agents, and of the tokens that they use."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from loquent.agents.admin.form import TextAgentForm
from loquent.agents.admin.pages import AgentPages
from loquent.agents.backends.registry import explain_refused_model, label_of
from loquent.agents.models import DailyTokenUsage, TextAgent
from loquent.agents.services.connections import check_agent
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.form_tabs import leave_out
from loquent.organizations.admin.settings_panel import SettingsPanel
from loquent.organizations.models import Organization
from loquent.organizations.services.ceilings import (
    budget_note,
    daily_tokens,
    describe_ceilings,
)
from loquent.organizations.site.staff_site import Nav


@admin.register(TextAgent)
class TextAgentAdmin(AgentPages):
    """The admin of text agents."""

    is_often_short = True
    empty_text = "No assistants yet. An assistant answers your visitors."
    nav = Nav("Assistant", 12, "Assistants", "agent")
    form = TextAgentForm
    nav_url = TenantAdmin.only_row_url
    list_display = ["name", "answers_from", "entries", "status", "organization", "updated_at"]
    list_filter = ["enabled"]
    list_select_related = ["organization", "connection"]
    search_fields = ["name", "model"]
    change_form_template = "admin/agents/textagent/change_form.html"
    fieldsets = [
        (None, {"fields": ["organization", "name", "enabled", "version"]}),
        ("Answers", {"fields": ["instructions", "fallback_sentence"]}),
        (
            "Advanced",
            {"fields": ["connection", "model", "max_output_tokens", "temperature", "language"]},
        ),
    ]

    class Media:
        css = {"all": ["loquent/inbox.css", "agents/agent.css", "agents/check.css"]}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[TextAgent]:
        agents: models.QuerySet[TextAgent] = super().get_queryset(request)
        return agents.annotate(entry_count=models.Count("knowledge"))

    def get_fieldsets(self, request: HttpRequest, obj: TextAgent | None = None) -> Any:
        """Hide the organization, and the version from users who can't save."""
        if obj is None:
            return self.fieldsets
        # Its widgets belong to the same organization, so the agent can't be moved to another.
        left_out = {"organization"}
        if not self.has_change_permission(request, obj):
            left_out.add("version")
        return leave_out(self.fieldsets, left_out)

    def get_readonly_fields(self, request: HttpRequest, obj: TextAgent | None = None) -> list[str]:
        return ["organization"] if obj else []

    def save_model(self, request: HttpRequest, obj: TextAgent, form: Any, change: bool) -> None:
        form.save_through_services(obj)

    def response_add(
        self, request: HttpRequest, obj: TextAgent, post_url_continue: str | None = None
    ) -> HttpResponse:
        problem = self._problem(request, obj)
        return problem or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: TextAgent) -> HttpResponse:
        """Stay on the page if the assistant can't answer, and say why."""
        return self._problem(request, obj) or super().response_change(request, obj)

    def _problem(self, request: HttpRequest, agent: TextAgent) -> HttpResponse | None:
        found = check_agent(agent=agent) if agent.enabled else None
        if found is None:
            return None
        sentence = (
            f"Saved, but {agent} can't answer: {found.message} {found.hint} Until then, visitors "
            "see the fallback message. For free answers from your own texts, choose the built-in "
            "search under “Answers come from”."
        )
        self.message_user(request, sentence, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:agents_textagent_change", args=[agent.pk]))

    @admin.display(description="answers come from", ordering="model")
    def answers_from(self, obj: TextAgent) -> str:
        label = label_of(obj.model)
        return f"{label} ({obj.connection})" if obj.connection else label

    @admin.display(description="knowledge", ordering="entry_count")
    def entries(self, obj: TextAgent) -> str:
        count: int = obj.entry_count  # type: ignore[attr-defined]
        return f"{count} entr{'y' if count == 1 else 'ies'}"

    @admin.display(description="status", ordering="enabled")
    def status(self, obj: TextAgent) -> str:
        if not obj.enabled:
            return "Disabled"
        own = obj.connection.model_names if obj.connection else None
        return (
            "Model not allowed" if explain_refused_model(obj.model, own_models=own) else "Enabled"
        )


class BudgetForm(forms.ModelForm[Organization]):
    """How much the models of an organization may be used."""

    class Meta:
        model = Organization
        fields = ["daily_token_budget"]
        labels = {"daily_token_budget": "Daily limit for AI models"}
        help_texts = {
            "daily_token_budget": (
                "In tokens, the unit in which AI providers charge: 100 are about 75 English words. "
                "For all assistants together. Leave empty for no limit. With 0, AI models don't "
                "answer."
            )
        }


@admin.register(DailyTokenUsage)
class DailyTokenUsageAdmin(SettingsPanel):
    """The budget of an organization, and its use on days with a budget or a ceiling."""

    empty_text = "Nothing was used yet on a day with a limit. Reports shows all days."
    nav = Nav("Settings", 36, "Usage and limits", "meter", section="Settings")
    panel_form = BudgetForm
    panel_title = "AI models"
    list_title = "Used on days with a limit"
    list_display = ["organization", "day", "used", "reserved", "daily_token_budget"]
    list_select_related = ["organization"]
    date_hierarchy = "day"
    fields = ["organization", "day", "used", "reserved"]
    ordering = ["-day"]

    def panel_notes(self, organization: Organization) -> list[str]:
        return describe_ceilings(organization.daily_token_budget)

    def note_saved(self, request: HttpRequest, organization: Organization) -> None:
        if note := budget_note(organization.daily_token_budget):
            self.message_user(request, note, messages.WARNING)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="daily limit", empty_value="no limit")
    def daily_token_budget(self, obj: DailyTokenUsage) -> int | None:
        return daily_tokens(obj.organization.daily_token_budget)
