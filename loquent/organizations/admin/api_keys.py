"""The admin pages of API keys."""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.models import ApiKey, Scope
from loquent.organizations.services.organizations import (
    create_api_key,
    is_maker_an_owner,
    revoke_api_key,
)
from loquent.organizations.site.staff_site import Nav


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """A key's name, and its scope, which can be set only on creation."""

    scope = forms.ChoiceField(
        label="Scope",
        choices=Scope.choices,
        initial=Scope.READ,
        help_text="Read: view and export all data. Read and write: also change it. The scope can't "
        "be changed later. No key can create or revoke API keys.",
    )

    class Meta:
        model = ApiKey
        fields = ["organization", "name"]


class ApiKeyAdmin(TenantAdmin):
    """REST API keys: shown once on creation, revoked by an action."""

    is_often_short = True
    empty_text = "No API keys yet."
    nav = Nav("Settings", 33, "API keys", "key", section="Settings")
    form = ApiKeyForm
    list_display = ["name", "organization", "shown_prefix", "may", "maker", "last_used", "revoked"]
    list_select_related = ["organization", "created_by"]
    actions = ["revoke"]
    change_list_template = "admin/organizations/apikey/change_list.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ApiKey]:
        rows: models.QuerySet[ApiKey] = super().get_queryset(request)
        return rows.annotate(maker_may=is_maker_an_owner())

    @admin.display(description="key", ordering="prefix")
    def shown_prefix(self, obj: ApiKey) -> str:
        return f"{obj.prefix}…"

    @admin.display(description="scope", ordering="scope")
    def may(self, obj: ApiKey) -> str:
        return obj.get_scope_display()

    @admin.display(description="created by", ordering="created_by__username")
    def maker(self, obj: Any) -> str:
        """Return the key's creator; the key doesn't work once that person is no longer an owner."""
        if obj.created_by is None:
            return "–"
        if obj.maker_may:
            return str(obj.created_by)
        badge = '{} <span class="lq-badge lq-warn">inactive: not an owner</span>'
        return format_html(badge, obj.created_by)

    @admin.display(description="last used", ordering="last_used_at", empty_value="never")
    def last_used(self, obj: ApiKey) -> datetime | None:
        return obj.last_used_at

    @admin.display(description="revoked", ordering="revoked_at", empty_value="no")
    def revoked(self, obj: ApiKey) -> datetime | None:
        return obj.revoked_at

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """Show fields that are set on creation, or those known afterwards."""
        if obj is None:
            return ["organization", "name", "scope"]
        return ["name", *self.get_readonly_fields(request, obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        known = [
            "organization",
            "shown_prefix",
            "scope",
            "maker",
            "created_at",
            "last_used_at",
            "revoked_at",
        ]
        return known if obj else []

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[Any], change: bool
    ) -> None:
        if change:
            obj.save(update_fields=["name", "updated_at"])
            return
        row, key = create_api_key(
            organization=obj.organization,
            name=obj.name,
            scope=form.cleaned_data["scope"],
            created_by=cast("User", request.user),
        )
        obj.pk, obj.prefix, obj.scope = row.pk, row.prefix, row.scope
        # Only for the response to this request; not a database column.
        obj.__dict__["shown_once"] = key

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key in this response only: not in a cookie, an address or a log."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key",
            "opts": self.opts,
            "api_key": obj,
            "key": obj.__dict__.pop("shown_once"),
            "list_url": reverse("admin:organizations_apikey_changelist"),
        }
        response = TemplateResponse(
            request, "admin/organizations/apikey/created.html", context
        ).render()
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[ApiKey]) -> None:
        """Revoke the selected keys immediately."""
        for api_key in queryset:
            revoke_api_key(api_key=api_key)
        self.message_user(request, "The API keys have been revoked.", messages.SUCCESS)
