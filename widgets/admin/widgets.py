"""The admin pages of widgets."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html

from loquent.errors import ApplicationError
from loquent.organizations.admin.form_tabs import leave_out
from loquent.organizations.admin.moments import ago
from loquent.organizations.site.staff_site import Nav
from widgets.admin import contacts, conversations  # noqa: F401 - register their pages
from widgets.admin.contrast import contrast_warning
from widgets.admin.setup.widget_list import WidgetList, installation_line
from widgets.admin.widget_form import (
    COSTS,
    MembersField,
    WidgetConfigForm,
    recipient_choices,
)
from widgets.admin.widget_pages import WidgetPages
from widgets.models import WidgetConfig
from widgets.services.configs import delete_widget, duplicate_widget, switch_widgets
from widgets.services.setup.first_run import note_look
from widgets.services.usage import (
    refusals_today,
    refused_today,
    used_today,
    with_conversations,
    with_usage,
)

# Saving one of these is a step of set-up.
LOOK = {
    *("name", "greeting", "primary_color", "text_color", "position", "starters"),
    *("notice_text", "notice_url", "notice_consent"),
}

# Lists in the form, and how users who can't save read them.
READ_AS = {
    "starters": "starter_lines",
    "allowed_origins": "allowed_sites",
    "handoff_recipients": "recipient_names",
}


@admin.register(WidgetConfig)
class WidgetConfigAdmin(WidgetPages):
    """Chats for websites."""

    is_often_short = True
    empty_text = "No widgets yet. A widget is the chat on your website."
    nav = Nav("Channels", 20, "Widgets", "widget")
    form = WidgetConfigForm
    nav_url = WidgetPages.only_row_url
    list_display = [
        "__str__",
        "on_your_site",
        "assistant",
        "status",
        "conversations_today",
        "cap",
        "refusals",
        "last_conversation",
        "organization",
    ]
    list_filter = ["enabled"]
    list_select_related = ["text_agent", "organization"]
    search_fields = ["name", "widget_id"]
    actions = ["enable", "disable", "duplicate"]
    change_form_template = "admin/widgets/widgetconfig/change_form.html"
    fieldsets = [
        (None, {"fields": ["organization", "name", "text_agent", "enabled", "version"]}),
        ("Look", {"fields": ["primary_color", "text_color", "position"]}),
        ("Welcome", {"fields": [
            "greeting", "starters", "notice_text", "notice_url", "notice_consent",
        ]}),
        ("Details", {"fields": [
            "contact_info_mode", "collect_name", "collect_email", "collect_phone",
        ]}),
        ("People", {"fields": ["handoff_enabled", "handoff_recipients"]}),
        ("Websites", {"fields": ["allowed_origins"]}),
        ("Limits", {"fields": ["daily_message_cap"]}),
        ("Advanced", {
            "classes": ["collapse"],
            "fields": ["refusals_by_limit"],
            "description": COSTS,
        }),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WidgetConfig]:
        widgets = with_usage(super().get_queryset(request))
        return with_conversations(widgets) if self.is_list(request) else widgets

    def get_fieldsets(self, request: HttpRequest, obj: WidgetConfig | None = None) -> Any:
        """Hide what users who can't save don't need, and show them lists as they are typed."""
        if obj is None:
            return leave_out(self.fieldsets, {"refusals_by_limit"})
        if self.has_change_permission(request, obj):
            return leave_out(self.fieldsets, {"organization"})
        return [
            (name, {**options, "fields": [READ_AS.get(each, each) for each in options["fields"]]})
            for name, options in leave_out(self.fieldsets, {"organization", "version"})
        ]

    def get_readonly_fields(
        self, request: HttpRequest, obj: WidgetConfig | None = None
    ) -> list[str]:
        return ["organization", "refusals_by_limit", *READ_AS.values()] if obj else []

    @admin.display(description="suggested questions")
    def starter_lines(self, obj: WidgetConfig) -> str:
        return "\n".join(obj.starters)

    @admin.display(description="allowed sites")
    def allowed_sites(self, obj: WidgetConfig) -> str:
        if obj.allowed_origins is None:
            return "All websites"
        return "\n".join(obj.allowed_origins)

    @admin.display(description="email recipients")
    def recipient_names(self, obj: WidgetConfig) -> str:
        return "\n".join(recipient_choices(obj.organization_id, obj.handoff_recipients).values())

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the members who may answer."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name != "handoff_recipients" or field is None:
            return field
        organization = self._organization_of_page(request)
        choices = {} if organization is None else recipient_choices(organization.id)
        return MembersField(
            choices=list(choices.items()),
            required=False,
            label=field.label,
            help_text=field.help_text,
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[WidgetList]:
        return WidgetList

    @admin.display(description="on your site")
    def on_your_site(self, obj: Any) -> str:
        return installation_line(obj, obj.installation)

    @admin.display(ordering="text_agent__name")
    def assistant(self, obj: WidgetConfig) -> str:
        return str(obj.text_agent)

    @admin.display(description="status", ordering="enabled")
    def status(self, obj: WidgetConfig) -> str:
        """Show whether the widget is enabled."""
        kind, word = ("good", "Enabled") if obj.enabled else ("quiet", "Disabled")
        return format_html('<span class="lq-badge lq-{}">{}</span>', kind, word)

    @admin.display(description="conversations today")
    def conversations_today(self, obj: Any) -> int:
        return int(obj.conversations_today)

    @admin.display(description="messages today", ordering="daily_message_cap")
    def cap(self, obj: WidgetConfig) -> str:
        """Show how much of the daily limit is used, highlighted if it is nearly or fully used."""
        used, cap = used_today(obj), obj.daily_message_cap
        if cap is None:
            return f"{used}, no limit"
        kind = "bad" if used >= cap else "warn" if used >= cap * 0.8 else "quiet"
        return format_html('<span class="lq-badge lq-{}">{} of {}</span>', kind, used, cap)

    @admin.display(description="last conversation", ordering="last_conversation_at")
    def last_conversation(self, obj: Any) -> str:
        began = obj.last_conversation_at
        return ago(began) if began else "–"

    @admin.display(description="over a limit today")
    def refusals(self, obj: WidgetConfig) -> int:
        return refused_today(obj)

    @admin.display(description="refused today")
    def refusals_by_limit(self, obj: WidgetConfig) -> str:
        """Show how often each limit refused something."""
        if obj._state.adding:
            return "—"
        return ", ".join(f"{label}: {count}" for label, count in refusals_today(obj)) or "0"

    def save_model(self, request: HttpRequest, obj: WidgetConfig, form: Any, change: bool) -> None:
        form.save_through_services(obj)
        if not change or LOOK & set(form.changed_data):
            note_look(widget=obj)
        if renamed := form.renamed_origins():
            lines = "\n".join(f"{typed} → {stored}" for typed, stored in renamed)
            self.message_user(
                request, f"Some sites were saved in a standard form:\n{lines}", messages.INFO
            )
        if warning := contrast_warning(obj.primary_color, obj.text_color):
            self.message_user(request, warning, messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: WidgetConfig) -> None:
        delete_widget(widget=obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]
    ) -> None:
        for widget in queryset:
            delete_widget(widget=widget)

    @admin.action(description="Enable the selected widgets", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]) -> None:
        """Enable the selected widgets."""
        count = switch_widgets(widgets=self._writable(request, queryset), enabled=True)
        self.message_user(request, f"{count} enabled.", messages.SUCCESS)

    @admin.action(description="Disable the selected widgets", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]) -> None:
        """Disable the selected widgets; open chats end within seconds."""
        count = switch_widgets(widgets=self._writable(request, queryset), enabled=False)
        self.message_user(request, f"{count} disabled.", messages.SUCCESS)

    @admin.action(description="Duplicate the selected widgets", permissions=["add"])
    def duplicate(self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]) -> None:
        """Create disabled copies with new IDs."""
        copies = 0
        try:
            for widget in self._writable(request, queryset):
                duplicate_widget(widget=widget)
                copies += 1
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)
        if copies:
            text = f"{copies} duplicated. The copies are disabled."
            self.message_user(request, text, messages.SUCCESS)

    def _writable(
        self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]
    ) -> models.QuerySet[WidgetConfig]:
        ids = [widget.id for widget in queryset if self.has_change_permission(request, widget)]
        return WidgetConfig.objects.filter(id__in=ids).select_related("organization")
