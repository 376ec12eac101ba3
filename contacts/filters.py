"""Filter contact lists."""

from django.db import models
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError

from contacts.models import Contact
from contacts.normalization import NormalizationError, normalize_email, normalize_phone
from loquent.organizations.api.authentication import request_organization
from loquent.rest.filters import PeriodFilterSet, SearchFilter


class ContactFilter(PeriodFilterSet):
    """Filter by details, in any spelling, and by creation time."""

    email = filters.CharFilter(
        method="filter_email", max_length=254, help_text="The contact with this email."
    )
    phone = filters.CharFilter(
        method="filter_phone",
        max_length=40,
        help_text="The contact with this phone number, in any spelling that can be dialled.",
    )
    search = SearchFilter(
        "name", "email", "phone", help_text="Text in the name, email or phone number."
    )

    def filter_email(
        self, queryset: models.QuerySet[Contact], name: str, value: str
    ) -> models.QuerySet[Contact]:
        try:
            return queryset.filter(email=normalize_email(value))
        except NormalizationError as error:
            raise ValidationError({name: str(error)}) from None

    def filter_phone(
        self, queryset: models.QuerySet[Contact], name: str, value: str
    ) -> models.QuerySet[Contact]:
        organization = request_organization(self.request)
        region = organization.default_phone_region if organization else ""
        try:
            return queryset.filter(phone=normalize_phone(value, region=region))
        except NormalizationError as error:
            raise ValidationError({name: str(error)}) from None
