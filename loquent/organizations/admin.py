"""The admin pages of this app, and those of Django and of packages that ours stand in for."""

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.http import HttpRequest
from django.urls import reverse

from loquent.organizations.access import visible_organizations
from loquent.organizations.admin_base import TenantAdmin
from loquent.organizations.admin_site import Nav
from loquent.organizations.api_key_admin import ApiKeyAdmin
from loquent.organizations.audit_admin import AuditAdmin
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.current import current_organization
from loquent.organizations.invitation_admin import InvitationAdmin
from loquent.organizations.member_admin import MembershipAdmin
from loquent.organizations.models import ApiKey, Invitation, Membership, Organization
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


admin.site.register(Membership, MembershipAdmin)
admin.site.register(Invitation, InvitationAdmin)
admin.site.register(ApiKey, ApiKeyAdmin)
# The package has a page of its own, which knows of no organizations.
admin.site.unregister(AuditEntry)
admin.site.register(AuditEntry, AuditAdmin)
# Django's own pages accept every column as a filter.
admin.site.unregister([User, Group])
admin.site.register(User, ServerUserAdmin)
admin.site.register(Group, ServerGroupAdmin)
