"""The admin pages of organizations, and replacements for those of Django and packages."""

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.http import HttpRequest
from django.urls import reverse

from loquent.jobs.models import Job
from loquent.organizations.access import visible_organizations
from loquent.organizations.admin.api_keys import ApiKeyAdmin
from loquent.organizations.admin.audit import AuditAdmin
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.fields import LongTextField, international_phone
from loquent.organizations.admin.hours_field import HolidaysField, HoursField
from loquent.organizations.admin.invitations import InvitationAdmin
from loquent.organizations.admin.jobs import JobAdmin
from loquent.organizations.admin.members import MembershipAdmin
from loquent.organizations.admin.places import CountryField, ZoneField
from loquent.organizations.admin.users import ServerGroupAdmin, ServerUserAdmin
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import ApiKey, Invitation, Membership, Organization
from loquent.organizations.site.current import current_organization
from loquent.organizations.site.staff_site import Nav


class OrganizationForm(forms.ModelForm[Organization]):
    """An organization's settings, with hours and holidays as people write them."""

    website = forms.URLField(
        max_length=300,
        required=False,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "vTextField"}),
        help_text="The address of your site.",
    )
    business_hours = HoursField(
        help_text="For example 09:00-12:00, 13:30-18:00. Leave a day empty if you are closed."
    )
    holidays = HolidaysField(
        required=False, help_text="One date per line, such as 2026-12-25. You are closed all day."
    )
    timezone = ZoneField(
        label="Time zone",
        help_text="Used for business hours, reports and daily limits. Type a city, such as Zurich.",
    )
    default_phone_region = CountryField(
        label="Country",
        required=False,
        help_text="For phone numbers without a country code. Type its name, or two letters.",
    )
    address = LongTextField(
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Street and town, as on an envelope.",
    )

    # Reads the phone number, so the country is needed first.
    field_order = ["default_phone_region"]

    def clean_phone(self) -> str:
        """Return the number in its international spelling."""
        region = self.cleaned_data.get("default_phone_region") or ""
        return international_phone(self.cleaned_data["phone"], region)


@admin.register(Organization)
class OrganizationAdmin(TenantAdmin):
    """The organizations of a member; owners can change them."""

    is_often_short = True
    nav = Nav("Settings", 30, "General", "settings", section="Settings", title="Organizations")
    list_display = ["name", "timezone", "default_phone_region", "created_at"]
    form = OrganizationForm

    fieldsets = [
        (None, {"fields": ["name", "website"]}),
        (
            "How visitors reach you",
            {
                "fields": ["phone", "email", "address", "business_hours", "holidays"],
                "description": "The chat shows these under “Contact us”.",
            },
        ),
        ("Time and country", {"fields": ["timezone", "default_phone_region"]}),
    ]

    def nav_url(self, request: HttpRequest) -> str:
        """Return the current organization's settings page; the list if the user sees them all."""
        current = current_organization(request)
        if current is None:
            return reverse("admin:organizations_organization_changelist")
        return reverse("admin:organizations_organization_change", args=[current.pk])

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Organization]:
        return visible_organizations(request.user)


admin.site.register(Membership, MembershipAdmin)
admin.site.register(Invitation, InvitationAdmin)
admin.site.register(ApiKey, ApiKeyAdmin)
admin.site.register(Job, JobAdmin)
# The package registers its own page, which ignores organizations.
admin.site.unregister(AuditEntry)
admin.site.register(AuditEntry, AuditAdmin)
# Django's own pages allow filtering by every column.
admin.site.unregister([User, Group])
admin.site.register(User, ServerUserAdmin)
admin.site.register(Group, ServerGroupAdmin)
