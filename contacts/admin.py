"""The admin page of contacts."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest

from contacts.models import Contact
from contacts.services import (
    DETAILS,
    NEEDS_A_DETAIL,
    ContactDetails,
    clean_contact,
    contact_matches,
    contact_version,
    delete_contact,
    find_duplicates,
    lock_contact,
    save_contact,
    search_words,
)
from loquent.errors import ApplicationError
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.conflicts import GuardedForm
from loquent.organizations.admin.fields import LongTextField
from loquent.organizations.admin.forms import take_over
from loquent.organizations.site.staff_site import Nav


class ContactForm(GuardedForm[Contact]):
    """A contact; details are accepted in any spelling and stored normalised."""

    noun = "contact"
    guarded = (*DETAILS, "notes")

    phone = forms.CharField(
        required=False,
        max_length=40,
        empty_value=None,
        help_text="For example +41 79 123 45 67. Without a country code, the country in Settings "
        "is used.",
    )

    class Meta:
        model = Contact
        fields = ["organization", "name", "email", "phone", "notes"]
        field_classes = {"notes": LongTextField}
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "notes": "Only your staff see this. It is part of the contact's export, because people "
            "may ask what is stored about them."
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.instance._state.adding:
            self.refuse_stale()
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
            raise forms.ValidationError(NEEDS_A_DETAIL)
        duplicates = find_duplicates(
            organization_id=organization.id,
            email=cleaned["email"],
            phone=cleaned["phone"],
            other_than=self.instance.id,
        )
        if duplicates:
            raise forms.ValidationError(duplicates)
        return {**data, **cleaned}

    def lock_row(self) -> Contact:
        return lock_contact(contact=self.instance)

    def version_of(self, row: Contact) -> str:
        return contact_version(row)


@admin.register(Contact)
class ContactAdmin(TenantAdmin):
    """The people who left their details."""

    empty_text = "No contacts yet. Visitors who leave their details appear here."
    nav = Nav("", 2, "Contacts", "person")
    form = ContactForm
    list_display = ["__str__", "email", "phone", "organization", "created_at"]
    list_select_related = ["organization"]
    search_fields = ["name", "email", "phone"]
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Find contacts whatever the accents and the spelling of the phone number."""
        for word in search_words(search_term):
            queryset = queryset.filter(contact_matches(word))
        return queryset, False

    def get_fields(self, request: HttpRequest, obj: Contact | None = None) -> Any:
        """Add the hidden version field for users who can save."""
        is_guarded = obj is not None and self.has_change_permission(request, obj)
        owner = [] if obj else ["organization"]
        return [*owner, *DETAILS, "notes", *(["version"] if is_guarded else [])]

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        details = {name: form.cleaned_data[name] for name in DETAILS}
        saved = save_contact(
            contact=obj,
            details=cast("ContactDetails", details),
            notes=form.cleaned_data["notes"],
        )
        take_over(obj, saved)

    def delete_model(self, request: HttpRequest, obj: Contact) -> None:
        delete_contact(contact=obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Contact]) -> None:
        with transaction.atomic():
            for contact in queryset:
                delete_contact(contact=contact)
