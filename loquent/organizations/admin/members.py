"""The admin pages of members: change roles, remove members."""

import uuid
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from loquent.errors import ApplicationError
from loquent.organizations.access import made_by_an_owner
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.moments import ago, date_and_time
from loquent.organizations.models import Membership, Role
from loquent.organizations.services.organizations import (
    NEEDS_AN_OWNER,
    change_role,
    invitations_made,
    keys_made,
    leaves_an_owner,
    remove_member,
)
from loquent.organizations.site.current import current_organization
from loquent.organizations.site.staff_site import Nav

# The team page shows so many open invitations; their own list has all of them.
MOST_INVITED = 20


class KeyChoices(forms.MultipleChoiceField):
    """API keys; the service ignores those that are not the member's."""

    def valid_value(self, value: str) -> bool:
        """Accept a key that was revoked in the meantime."""
        return True


class LeavingForm(forms.Form):
    """Choose what happens to the API keys of a member who is no longer an owner."""

    # A key that was created after the page was loaded isn't kept.
    listed_keys = KeyChoices(required=False, widget=forms.MultipleHiddenInput)
    revoked_keys = KeyChoices(
        required=False,
        label="Revoke API keys",
        widget=forms.CheckboxSelectMultiple,
        help_text="An API key works while the person who created it is an owner. Keys that you "
        "leave unticked become yours and keep working.",
    )

    def offer(self, membership: Membership) -> None:
        """List the member's keys, all selected."""
        keys = [(str(key.id), str(key)) for key in keys_made(membership=membership)]
        for name in ("listed_keys", "revoked_keys"):
            field = self.fields[name]
            field.choices = keys  # type: ignore[attr-defined]
            field.initial = [key for key, _ in keys]

    def kept(self, membership: Membership) -> set[uuid.UUID]:
        """Return the member's keys that were deselected."""
        data = self.cleaned_data
        kept = set(data["listed_keys"]) - set(data["revoked_keys"])
        return {key.id for key in keys_made(membership=membership) if str(key.id) in kept}


class RoleForm(LeavingForm, forms.ModelForm[Membership]):
    """Change a member's role."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(self.instance)

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


class MembershipAdmin(TenantAdmin):
    """The members of an organization and their roles. At least one owner must remain."""

    is_often_short = True
    nav = Nav("Settings", 31, "Team", "people", section="Settings")
    list_display = ["email", "name", "organization", "role", "last_sign_in", "joined"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__username", "user__first_name", "user__last_name"]
    form = RoleForm
    fields = ["organization", "email", "name", "role", "last_sign_in", "joined"]
    readonly_fields = ["organization", "email", "name", "last_sign_in", "joined", "own_keys"]

    @admin.display(description="email", ordering="user__username")
    def email(self, obj: Membership) -> str:
        return str(obj.user)

    @admin.display(description="name", ordering="user__first_name")
    def name(self, obj: Membership) -> str:
        return obj.user.get_full_name() or "–"

    @admin.display(description="last login", ordering="user__last_login")
    def last_sign_in(self, obj: Membership) -> str:
        return date_and_time(obj.user.last_login) if obj.user.last_login else "never"

    @admin.display(description="member since", ordering="created_at")
    def joined(self, obj: Membership) -> str:
        return date_and_time(obj.created_at)

    @admin.display(description="API keys")
    def own_keys(self, obj: Membership) -> str:
        """Describe what owners lose if they give up their own role."""
        keys = ", ".join(str(key) for key in keys_made(membership=obj))
        return f"These keys are revoked when you stop being an owner: {keys}."

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Disallow adding: members join by invitation."""
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show the last login to owners only."""
        columns = super().get_list_display(request)
        if self.has_change_permission(request):
            return columns
        return [column for column in columns if column != "last_sign_in"]

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        if obj is not None and self.has_change_permission(request, obj):
            return [*self.fields, *self._key_fields(request, obj)]
        return [name for name in self.fields if name != "last_sign_in"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        current, may_invite = current_organization(request), self.has_change_permission(request)
        invited: list[dict[str, Any]] = []
        if current and may_invite:
            rows = current.invitations.annotate(may_invite=made_by_an_owner("invited_by"))
            invited = [
                {
                    "invitation": row,
                    "ago": ago(row.created_at),
                    "is_valid": row.expires_at > timezone.now() and row.may_invite,
                }
                for row in rows[: MOST_INVITED + 1]
            ]
        context = {
            "may_invite": may_invite,
            "invited": invited[:MOST_INVITED],
            "has_more_invited": len(invited) > MOST_INVITED,
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        try:
            change_role(
                membership=obj,
                role=Role(obj.role),
                kept_keys=form.kept(obj),
                changed_by=cast("User", request.user),
            )
        except ApplicationError as error:
            obj.refresh_from_db()
            self.message_user(request, error.message, messages.ERROR)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Confirm the removal, listing the keys and invitations that end."""
        context: dict[str, Any] = {}
        membership = self.get_object(request, object_id)
        if membership is not None and self.has_delete_permission(request, membership):
            form = LeavingForm(label_suffix="")
            form.offer(membership)
            context = {
                "leaving": form,
                "is_oneself": membership.user == request.user,
                "invitations": invitations_made(membership=membership),
            }
        return super().delete_view(request, object_id, {**context, **(extra_context or {})})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Also name the keys that end with the memberships.

        Memberships whose removal would leave an organization without an owner count as protected,
        which prevents the deletion.
        """
        deletable, counts, missing, protected = super().get_deleted_objects(objs, request)
        leaving = [membership.id for membership in objs]
        for membership in objs:
            keys = keys_made(membership=membership)
            deletable = [*deletable, *(f"API key: {key} (will be revoked)" for key in keys)]
        for organization in {membership.organization for membership in objs}:
            if not leaves_an_owner(organization_id=organization.id, leaving=leaving):
                protected = [*protected, f"{organization}: {NEEDS_AN_OWNER}"]
        return deletable, counts, missing, protected

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        form = LeavingForm(request.POST)
        kept = form.kept(obj) if form.is_valid() else set()
        try:
            remove_member(membership=obj, kept_keys=kept, removed_by=cast("User", request.user))
        except ApplicationError as error:
            self.message_user(request, error.message, messages.ERROR)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> None:
        for membership in queryset:
            self.delete_model(request, membership)

    def _key_fields(self, request: HttpRequest, membership: Membership) -> list[str]:
        """Return the form section about the member's keys, if there are any."""
        if not keys_made(membership=membership).exists():
            return []
        if membership.user == request.user:
            return ["own_keys"]
        return ["listed_keys", "revoked_keys"]
