"""The admin pages of widgets."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from loquent.organizations.admin_base import TenantAdmin
from loquent.organizations.admin_site import Nav
from widgets import contact_admin, conversation_admin  # noqa: F401 - register their pages
from widgets.forms import WidgetConfigForm
from widgets.models import WidgetConfig
from widgets.services.configs import embed_code, reset_widget_id, switch_widgets
from widgets.services.statistics import refusals_today, refused_today, used_today, with_usage


@admin.register(WidgetConfig)
class WidgetConfigAdmin(TenantAdmin):
    """Chats for websites."""

    nav = Nav("Chat", 1, "Widgets", "widget")
    form = WidgetConfigForm
    list_display = [
        "__str__",
        "widget_id",
        "text_agent",
        "status",
        "messages_today",
        "refusals",
        "organization",
        "created_at",
    ]
    list_filter = ["enabled"]
    list_select_related = ["text_agent", "organization"]
    search_fields = ["name", "widget_id"]
    actions = ["enable", "disable"]
    change_form_template = "admin/widgets/widgetconfig/change_form.html"
    fieldsets = [
        (None, {"fields": ["organization", "name", "text_agent", "enabled"]}),
        ("Look", {"fields": ["greeting", "primary_color", "text_color", "position"]}),
        (
            "Before the first message",
            {"fields": ["starters", "notice_text", "notice_url", "notice_consent"]},
        ),
        (
            "Contact information",
            {"fields": ["contact_info_mode", "collect_name", "collect_email", "collect_phone"]},
        ),
        ("Where it may run", {"fields": ["allowed_origins"]}),
        ("Limits", {"fields": ["daily_message_cap", "refusals_by_limit"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WidgetConfig]:
        return with_usage(super().get_queryset(request))

    def get_readonly_fields(
        self, request: HttpRequest, obj: WidgetConfig | None = None
    ) -> list[str]:
        return ["organization", "refusals_by_limit"] if obj else ["refusals_by_limit"]

    @admin.display(description="status", ordering="enabled")
    def status(self, obj: WidgetConfig) -> str:
        return "Enabled" if obj.enabled else "Disabled"

    @admin.display(description="messages today")
    def messages_today(self, obj: WidgetConfig) -> str:
        used = used_today(obj)
        return f"{used}" if obj.daily_message_cap is None else f"{used} of {obj.daily_message_cap}"

    @admin.display(description="refused today")
    def refusals(self, obj: WidgetConfig) -> int:
        return refused_today(obj)

    @admin.display(description="refused today")
    def refusals_by_limit(self, obj: WidgetConfig) -> str:
        """What limits kept out, one by one."""
        if obj._state.adding:
            return "—"
        return ", ".join(f"{label}: {count}" for label, count in refusals_today(obj)) or "nothing"

    def save_model(self, request: HttpRequest, obj: WidgetConfig, form: Any, change: bool) -> None:
        form.save_through_services(obj)

    @admin.action(description="Enable the selected widgets", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]) -> None:
        """Show the selected widgets on their sites."""
        count = switch_widgets(widgets=self._writable(request, queryset), enabled=True)
        self.message_user(request, f"{count} enabled.", messages.SUCCESS)

    @admin.action(description="Disable the selected widgets", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]) -> None:
        """Take the selected widgets off their sites; open chats end within seconds."""
        count = switch_widgets(widgets=self._writable(request, queryset), enabled=False)
        self.message_user(request, f"{count} disabled.", messages.SUCCESS)

    def _writable(
        self, request: HttpRequest, queryset: models.QuerySet[WidgetConfig]
    ) -> models.QuerySet[WidgetConfig]:
        ids = [widget.id for widget in queryset if self.has_change_permission(request, widget)]
        return WidgetConfig.objects.filter(id__in=ids)

    def get_urls(self) -> list[URLPattern]:
        reset = path(
            "<uuid:id>/reset-widget-id/",
            self.admin_site.admin_view(self.reset_view),
            name="widgets_widgetconfig_reset",
        )
        return [reset, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        widget = context.get("original")
        if widget is not None:
            context["embed_code"] = embed_code(widget)
            context["reset_url"] = reverse("admin:widgets_widgetconfig_reset", args=[widget.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    def reset_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Ask, then give the widget a new public identifier."""
        widget = self.get_object(request, str(id))
        if widget is None or not self.has_change_permission(request, widget):
            raise Http404
        address = reverse("admin:widgets_widgetconfig_change", args=[widget.pk])
        if request.method == "POST":
            reset_widget_id(widget=widget)
            self.log_change(request, widget, "Reset the widget ID.")
            self.message_user(
                request,
                "The widget has a new ID. Paste the new embed code on your pages.",
                messages.SUCCESS,
            )
            return HttpResponseRedirect(address)
        context = {
            **self.admin_site.each_context(request),
            "title": "Reset the widget ID",
            "opts": self.opts,
            "widget": widget,
            "back": address,
        }
        return TemplateResponse(request, "admin/widgets/widgetconfig/reset.html", context)
