"""`/api/v1/contacts/`"""

from typing import Any, cast

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from contacts.filters import ContactFilter
from contacts.models import Contact
from contacts.services import ContactDetails, delete_contact, save_contact
from loquent.organizations.api.authentication import AdminPermission
from loquent.organizations.api.base import OrganizationCrudViewSet
from loquent.organizations.api.slow_requests import slow_batches
from loquent.rest.filters import StrictFilterBackend
from loquent.rest.openapi import UUID_EXAMPLE, examples, line_example
from loquent.rest.serializers import StrictSerializer, TextField
from loquent.rest.streaming import MEDIA_TYPE, NdjsonRenderer, in_batches, lines, stream

# The most contacts that an export holds in memory.
EXPORT_BATCH = 500


CONTACT = {"name": "Jane Doe", "email": "jane@example.com", "phone": "+41446681800"}
CONTACT_ANSWER = {"id": UUID_EXAMPLE, **CONTACT, "created_at": "2026-01-05T09:30:00.000000Z"}


@examples(request=CONTACT, response=CONTACT_ANSWER)
class ContactSerializer(StrictSerializer[Contact]):
    """A contact; email and phone are answered in their normalised form, null where unknown."""

    name = TextField(max_length=200, required=False, allow_blank=True)
    email = TextField(max_length=254, required=False, allow_null=True)
    phone = TextField(max_length=40, required=False, allow_null=True)

    class Meta:
        model = Contact
        fields = ["id", "name", "email", "phone", "created_at"]

    def create(self, validated_data: dict[str, Any]) -> Contact:
        contact = Contact(organization=validated_data.pop("organization"))
        return save_contact(contact=contact, details=cast("ContactDetails", validated_data))

    def update(self, instance: Contact, validated_data: dict[str, Any]) -> Contact:
        return save_contact(contact=instance, details=cast("ContactDetails", validated_data))


@extend_schema_view(
    list=extend_schema(
        summary="List contacts",
        description="The people who left their details, newest first.",
    ),
    retrieve=extend_schema(summary="Read a contact", description="One contact."),
    create=extend_schema(
        summary="Create a contact",
        description=(
            "Email and phone number are stored in a standard form. Returns 400 if another "
            "contact has the same one."
        ),
    ),
    update=extend_schema(
        summary="Replace a contact's details", description="Omitted fields keep their values."
    ),
    partial_update=extend_schema(
        summary="Change a contact's details", description="Omitted fields keep their values."
    ),
    destroy=extend_schema(
        summary="Delete a contact",
        description=(
            "Its conversations are kept without a contact. To delete them as well, erase the "
            "contact."
        ),
    ),
)
@extend_schema(tags=["contacts"])
class ContactViewSet(OrganizationCrudViewSet):
    """People who left their details. No two contacts share an email or a phone number."""

    queryset = Contact.objects.select_related("organization")
    serializer_class = ContactSerializer
    filterset_class = ContactFilter

    def perform_destroy(self, instance: Contact) -> None:
        delete_contact(contact=instance)

    @extend_schema(
        operation_id="contacts_export",
        summary="Export contacts",
        description=(
            "All contacts that match the filters, oldest first, streamed as one JSON document per "
            "line. Not available to viewers."
        ),
        filters=True,
        responses={(200, MEDIA_TYPE): ContactSerializer},
        examples=[line_example(CONTACT_ANSWER)],
    )
    @action(
        detail=False,
        methods=["get"],
        url_path="export",
        pagination_class=None,
        filter_backends=[StrictFilterBackend],
        ordering_fields=(),
        permission_classes=[AdminPermission],
        renderer_classes=[NdjsonRenderer, JSONRenderer],
    )
    def export_all(self, request: Request) -> StreamingHttpResponse:
        rows = self.filter_queryset(self.get_queryset())
        batches = (
            lines(ContactSerializer(batch, many=True).data)
            for batch in in_batches(rows, size=EXPORT_BATCH)
        )
        return stream(request, slow_batches(request, batches), filename="contacts.ndjson")
