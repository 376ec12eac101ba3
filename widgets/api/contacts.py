"""`/api/v1/contacts/`, with export and erasure of the widgets' data about a contact."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import ContactViewSet
from loquent.organizations.api.authentication import AdminPermission, caller_name
from loquent.organizations.api.base import idempotent
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.openapi import UUID_EXAMPLE, examples
from widgets.models import ErasureReceipt
from widgets.services.erasure import erase_contact, export_contact


@examples(
    response={
        "id": UUID_EXAMPLE,
        "contact_id": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02",
        "conversations": 2,
        "messages": 14,
        "claims": 0,
        "requested_by": "alice@example.com",
        "created_at": "2026-01-05T09:30:00.000000Z",
    }
)
class ErasureReceiptSerializer(serializers.ModelSerializer[ErasureReceipt]):
    """What was erased, when, and by whom; contains no personal data."""

    class Meta:
        model = ErasureReceipt
        fields = [
            "id", "contact_id", "conversations", "messages", "claims", "requested_by", "created_at",
        ]  # fmt: skip


EXPORT = {
    "exported_at": "2026-01-06T08:00:00.000000Z",
    "organization": {"id": "0b9d1d4e-52a4-4c53-8d25-4a0b0f8f7b01", "name": "Acme"},
    "contact": {
        "id": UUID_EXAMPLE,
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": None,
        "created_at": "2026-01-05T09:30:00.000000Z",
        "updated_at": "2026-01-05T09:30:00.000000Z",
    },
    "conversations": [],
    "typed_elsewhere": [],
}


class ContactDataViewSet(ContactViewSet):
    """People who left their details. No two contacts share an email or a phone number."""

    @extend_schema(
        operation_id="contact_export",
        summary="Export one contact",
        description=(
            "All stored data about a contact: details, conversations with their messages, and the "
            "other conversations in which the same email or phone number was entered. Not "
            "available to viewers."
        ),
        responses=OpenApiTypes.OBJECT,
        examples=[OpenApiExample("Answer", value=EXPORT, response_only=True)],
    )
    @action(detail=True, methods=["get"], permission_classes=[AdminPermission])
    def export(self, request: Request, pk: str) -> Response:
        contact = self.get_object()
        with slow_request(request):
            data: dict[str, Any] = export_contact(contact=contact)
        response = Response(data)
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        operation_id="contact_erase",
        summary="Erase one contact",
        description=(
            "Permanently deletes a contact with its conversations, and its details in other "
            "conversations. This can't be undone. Returns a receipt."
        ),
        request=None,
        responses=ErasureReceiptSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[AdminPermission])
    @idempotent()
    def erase(self, request: Request, pk: str) -> Response:
        contact = self.get_object()
        receipt = erase_contact(contact_id=contact.id, requested_by=caller_name(request))
        return Response(ErasureReceiptSerializer(receipt).data)
