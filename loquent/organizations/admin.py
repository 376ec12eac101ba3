"""The admin pages of organizations, members and API keys."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from loquent.errors import ApplicationError
from loquent.organizations.access import visible_organizations
from loquent.organizations.admin_base import TenantAdmin
from loquent.organizations.admin_site import Nav
from loquent.organizations.current import current_organization
from loquent.organizations.models import ApiKey, Membership, Organization, Role
from loquent.organizations.services import (
    MAX_STAFF_EMAIL,
    NEEDS_AN_OWNER,
    add_member,
    change_role,
    check_staff_password,
    create_api_key,
    leaves_an_owner,
    remove_member,
    revoke_api_key,
    staff_username,
)


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


class MembershipForm(forms.ModelForm[Membership]):
    """A new member by email; one who has no account yet gets a first password."""

    email = forms.EmailField(
        max_length=MAX_STAFF_EMAIL, help_text="The address with which the member signs in."
    )
    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Only for somebody who has no account here yet.",
    )

    class Meta:
        model = Membership
        fields = ["organization", "role"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        email = staff_username(data.get("email", ""))
        organization = data.get("organization")
        if not email or organization is None:
            return data
        user = User.objects.filter(username=email).first()
        if user is None and not data.get("password"):
            raise ValidationError(
                {"password": "Nobody signs in with this email yet. Choose a first password."}
            )
        if user is not None and organization.memberships.filter(user=user).exists():
            raise ValidationError({"email": "This person is a member already."})
        if user is None:
            try:
                check_staff_password(email=email, password=data["password"])
            except ApplicationError as error:
                raise ValidationError({"password": error.fields["owner_password"]}) from None
        return data


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    """Who belongs to an organization, with which role. An organization keeps one owner."""

    nav = Nav("Organization", 2, "Members", "people")
    list_display = ["user", "organization", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__username"]

    def get_form(
        self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kw: Any
    ) -> type[forms.ModelForm[Membership]]:
        kw["form"] = MembershipForm if obj is None else RoleForm
        return super().get_form(request, obj, change, **kw)

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        if obj is None:
            return ["organization", "email", "password", "role"]
        return ["organization", "user", "role"]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        return [] if obj is None else ["organization", "user"]

    def save_model(
        self, request: HttpRequest, obj: Membership, form: forms.ModelForm[Any], change: bool
    ) -> None:
        if not change:
            made = add_member(
                organization=obj.organization,
                email=form.cleaned_data["email"],
                password=form.cleaned_data["password"],
                role=Role(obj.role),
            )
            obj.__dict__.update(made.__dict__)
            return
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


@admin.register(ApiKey)
class ApiKeyAdmin(TenantAdmin):
    """Keys of the REST API: shown once when made, revoked by an action."""

    nav = Nav("Organization", 3, "API keys", "key")
    list_display = ["name", "organization", "shown_prefix", "last_used_at", "revoked_at"]
    list_select_related = ["organization"]
    readonly_fields = ["shown_prefix", "created_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    @admin.display(description="key", ordering="prefix")
    def shown_prefix(self, obj: ApiKey) -> str:
        return f"{obj.prefix}…" if obj.prefix else "shown once, after saving"

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return [*(["organization"] if obj else []), *self.readonly_fields]

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[Any], change: bool
    ) -> None:
        if change:
            obj.save(update_fields=["name", "updated_at"])
            return
        row, key = create_api_key(organization=obj.organization, name=obj.name)
        obj.pk, obj.prefix = row.pk, row.prefix
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
