"""The admin page of contacts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from contacts.models import Contact
from contacts.services import clean_contact, find_duplicates
from loquent.errors import ApplicationError
from loquent.organizations.admin_base import TenantAdmin
from loquent.organizations.admin_site import Nav


class ContactForm(forms.ModelForm[Contact]):
    """A contact in any spelling; stored in one."""

    phone = forms.CharField(
        required=False,
        max_length=40,
        empty_value=None,
        help_text="With its country code, or as dialled in the organization's region.",
    )

    class Meta:
        model = Contact
        fields = ["organization", "name", "email", "phone"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        organization = data.get("organization") or getattr(self.instance, "organization", None)
        if organization is None:
            return data
        try:
            cleaned = clean_contact(
                organization=organization,
                name=data.get("name") or "",
                email=data.get("email"),
                phone=data.get("phone"),
            )
        except ApplicationError as error:
            raise forms.ValidationError(error.fields) from None
        if self.errors:
            return data
        if not any(cleaned.values()):
            raise forms.ValidationError("A contact needs a name, an email or a phone number.")
        duplicates = find_duplicates(
            organization_id=organization.id,
            email=cleaned["email"],
            phone=cleaned["phone"],
            other_than=self.instance.id,
        )
        if duplicates:
            raise forms.ValidationError(duplicates)
        return {**data, **cleaned}


@admin.register(Contact)
class ContactAdmin(TenantAdmin):
    """People who left their details."""

    nav = Nav("Inbox", 2, "Contacts", "person")
    form = ContactForm
    list_display = ["__str__", "email", "phone", "organization", "created_at"]
    list_select_related = ["organization"]
    search_fields = ["name", "email", "phone"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Contact | None = None) -> list[str]:
        return ["organization"] if obj else []
