"""The admin pages of text agents and what they know."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from loquent.agents.backends.registry import explain_unknown_model
from loquent.agents.models import DailyTokenUsage, KnowledgeEntry, TextAgent
from loquent.organizations.admin_base import TenantAdmin
from loquent.organizations.admin_site import Nav


class TextAgentForm(forms.ModelForm[TextAgent]):
    """An agent whose provider exists."""

    class Meta:
        model = TextAgent
        fields = [
            "organization",
            "name",
            "enabled",
            "model",
            "instructions",
            "max_output_tokens",
            "temperature",
            "fallback_sentence",
        ]
        widgets = {"instructions": forms.Textarea(attrs={"rows": 6})}

    def clean_model(self) -> str:
        model: str = self.cleaned_data["model"]
        unknown = explain_unknown_model(model)
        if unknown:
            raise forms.ValidationError(unknown)
        return model


class KnowledgeInline(admin.StackedInline[KnowledgeEntry, TextAgent]):
    """The entries, beside the agent."""

    model = KnowledgeEntry
    extra = 0
    fields = ["title", "content", "url"]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        kwargs["widgets"] = {"content": forms.Textarea(attrs={"rows": 5})}
        return super().get_formset(request, obj, **kwargs)


@admin.register(TextAgent)
class TextAgentAdmin(TenantAdmin):
    """What answers visitors."""

    nav = Nav("Chat", 2, "Text agents", "agent")
    form = TextAgentForm
    inlines = [KnowledgeInline]
    list_display = ["name", "model", "enabled", "organization", "updated_at"]
    list_filter = ["enabled"]
    list_select_related = ["organization"]
    search_fields = ["name", "model"]

    def get_readonly_fields(self, request: HttpRequest, obj: TextAgent | None = None) -> list[str]:
        # Its widgets belong to the same organization: it can't move.
        return ["organization"] if obj else []


@admin.register(DailyTokenUsage)
class DailyTokenUsageAdmin(TenantAdmin):
    """The tokens of organizations that have a daily budget; only the product writes them."""

    nav = Nav("Organization", 4, "Token use", "meter")
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

    @admin.display(description="budget a day", empty_value="no limit")
    def daily_token_budget(self, obj: DailyTokenUsage) -> int | None:
        return obj.organization.daily_token_budget
