"""The admin pages of organizations, members and API keys."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from loquent.errors import ApplicationError
from loquent.moments import date_and_time
from loquent.organizations.access import visible_organizations
from loquent.organizations.admin_base import TenantAdmin
from loquent.organizations.admin_site import Nav
from loquent.organizations.audit_admin import AuditAdmin
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.current import current_organization
from loquent.organizations.invitation_admin import InvitationAdmin
from loquent.organizations.models import ApiKey, Invitation, Membership, Organization, Role, Scope
from loquent.organizations.services import (
    NEEDS_AN_OWNER,
    change_role,
    create_api_key,
    leaves_an_owner,
    remove_member,
    revoke_api_key,
)
from loquent.organizations.user_admin import ServerGroupAdmin, ServerUserAdmin


@admin.register(Organization)
class OrganizationAdmin(TenantAdmin):
    """The organizations that a member belongs to; its owners change it."""

    nav = Nav("Organization", 1, "Settings", "settings")
    list_display = ["name", "timezone", "default_phone_region", "created_at"]
    fields = ["name", "timezone", "default_phone_region", "retention_days", "daily_token_budget"]

    def nav_url(self, request: HttpRequest) -> str:
        """The current organization's settings, or the list for who sees all of them."""
        current = current_organization(request)
        if current is None:
            return reverse("admin:organizations_organization_changelist")
        return reverse("admin:organizations_organization_change", args=[current.pk])

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Organization]:
        return visible_organizations(request.user)


class RoleForm(forms.ModelForm[Membership]):
    """Another role for a member."""

    class Meta:
        model = Membership
        fields = ["role"]

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        stays = role == Role.OWNER or leaves_an_owner(
            organization_id=self.instance.organization_id, leaving=[self.instance.id]
        )
        if not stays:
            raise ValidationError(NEEDS_AN_OWNER)
        return role


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    """Who belongs to an organization, with which role. An organization keeps one owner."""

    nav = Nav("Organization", 2, "Members", "people")
    list_display = ["email", "name", "organization", "role", "last_sign_in", "joined"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__username", "user__first_name", "user__last_name"]
    form = RoleForm
    fields = ["organization", "email", "name", "role", "last_sign_in", "joined"]
    readonly_fields = ["organization", "email", "name", "last_sign_in", "joined"]

    @admin.display(description="email", ordering="user__username")
    def email(self, obj: Membership) -> str:
        return str(obj.user)

    @admin.display(description="name", ordering="user__first_name")
    def name(self, obj: Membership) -> str:
        return obj.user.get_full_name() or "–"

    @admin.display(description="last sign-in", ordering="user__last_login")
    def last_sign_in(self, obj: Membership) -> str:
        return date_and_time(obj.user.last_login) if obj.user.last_login else "never"

    @admin.display(description="member since", ordering="created_at")
    def joined(self, obj: Membership) -> str:
        return date_and_time(obj.created_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody is made a member without being asked: they are invited."""
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        """When somebody signed in last is for owners to know."""
        columns = super().get_list_display(request)
        if self.has_change_permission(request):
            return columns
        return [column for column in columns if column != "last_sign_in"]

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        if self.has_change_permission(request, obj):
            return self.fields
        return [name for name in self.fields if name != "last_sign_in"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        current, may_invite = current_organization(request), self.has_change_permission(request)
        open_ones = current.invitations.count() if current and may_invite else 0
        context = {"may_invite": may_invite, "open_invitations": open_ones}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def save_model(
        self, request: HttpRequest, obj: Membership, form: forms.ModelForm[Any], change: bool
    ) -> None:
        try:
            change_role(membership=obj, role=Role(obj.role))
        except ApplicationError as error:
            obj.refresh_from_db()
            self.message_user(request, error.message, messages.ERROR)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Counts as protected, and so refuses, what would leave an organization without owner."""
        deletable, counts, missing, protected = super().get_deleted_objects(objs, request)
        leaving = [membership.id for membership in objs]
        for organization in {membership.organization for membership in objs}:
            if not leaves_an_owner(organization_id=organization.id, leaving=leaving):
                protected = [*protected, f"{organization}: {NEEDS_AN_OWNER}"]
        return deletable, counts, missing, protected

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        try:
            remove_member(membership=obj)
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> None:
        for membership in queryset:
            self.delete_model(request, membership)


admin.site.register(Invitation, InvitationAdmin)
# The package has a page of its own, which knows of no organizations.
admin.site.unregister(AuditEntry)
admin.site.register(AuditEntry, AuditAdmin)
# Django's own pages accept every column as a filter.
admin.site.unregister([User, Group])
admin.site.register(User, ServerUserAdmin)
admin.site.register(Group, ServerGroupAdmin)


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """A key's name, and, once, what it may do."""

    scope = forms.ChoiceField(
        label="What it may do",
        choices=Scope.choices,
        initial=Scope.READ,
        help_text="Read: every list and export. Write: change things as well. It can't be changed "
        "later. No key makes or revokes others.",
    )

    class Meta:
        model = ApiKey
        fields = ["organization", "name"]


@admin.register(ApiKey)
class ApiKeyAdmin(TenantAdmin):
    """Keys of the REST API: shown once when made, revoked by an action."""

    nav = Nav("Organization", 4, "API keys", "key")
    form = ApiKeyForm
    list_display = ["name", "organization", "shown_prefix", "may", "last_used", "revoked"]
    list_select_related = ["organization"]
    actions = ["revoke"]

    @admin.display(description="key", ordering="prefix")
    def shown_prefix(self, obj: ApiKey) -> str:
        return f"{obj.prefix}…"

    @admin.display(description="may", ordering="scope")
    def may(self, obj: ApiKey) -> str:
        return obj.get_scope_display()

    @admin.display(description="last used", ordering="last_used_at", empty_value="never")
    def last_used(self, obj: ApiKey) -> datetime | None:
        return obj.last_used_at

    @admin.display(description="revoked", ordering="revoked_at", empty_value="no")
    def revoked(self, obj: ApiKey) -> datetime | None:
        return obj.revoked_at

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """What is chosen once, and what is known later."""
        if obj is None:
            return ["organization", "name", "scope"]
        return ["name", *self.get_readonly_fields(request, obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        known = [
            "organization",
            "shown_prefix",
            "scope",
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
            organization=obj.organization, name=obj.name, scope=form.cleaned_data["scope"]
        )
        obj.pk, obj.prefix, obj.scope = row.pk, row.prefix, row.scope
        # For the answer to this request; there is no such column.
        obj.__dict__["shown_once"] = key

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key in this answer alone: in no cookie, no address and no log."""
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
        """End the selected keys at once."""
        for api_key in queryset:
            revoke_api_key(api_key=api_key)
        self.message_user(request, "The keys are revoked.", messages.SUCCESS)
