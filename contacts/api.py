"""`/api/v1/contacts/`"""

from typing import Any

from rest_framework import serializers

from contacts.models import Contact
from contacts.services import save_contact
from loquent.organizations.rest import OrganizationCrudViewSet
from loquent.serializers import StrictSerializer, TextField


class ContactSerializer(StrictSerializer[Contact]):
    """A contact; email and phone are answered in their normalised form, null where unknown."""

    name = TextField(max_length=200, required=False, allow_blank=True)
    email = TextField(max_length=254, required=False, allow_null=True)
    phone = TextField(max_length=40, required=False, allow_null=True)

    class Meta:
        model = Contact
        fields = ["id", "name", "email", "phone", "created_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known = {name: attrs.get(name, self._current(name)) for name in ("name", "email", "phone")}
        if not any(known.values()):
            raise serializers.ValidationError(
                {"name": "A contact needs a name, an email or a phone number."}
            )
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Contact:
        return self._save(Contact(organization=validated_data.pop("organization")), validated_data)

    def update(self, instance: Contact, validated_data: dict[str, Any]) -> Contact:
        return self._save(instance, validated_data)

    def _current(self, name: str) -> str | None:
        return getattr(self.instance, name, None)

    def _save(self, contact: Contact, data: dict[str, Any]) -> Contact:
        return save_contact(
            contact=contact,
            name=data.get("name", contact.name),
            email=data.get("email", contact.email),
            phone=data.get("phone", contact.phone),
        )


class ContactViewSet(OrganizationCrudViewSet):
    """People who left their details. No two contacts share an email or a phone number."""

    queryset = Contact.objects.select_related("organization")
    serializer_class = ContactSerializer
