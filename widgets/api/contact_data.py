"""`/api/v1/contacts/`, with what widgets know of a contact: to export, and to erase."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import ContactViewSet
from loquent.organizations.authentication import AdminPermission, caller_name
from widgets.models import ErasureReceipt
from widgets.services.erasure import erase_contact, export_contact


class ErasureReceiptSerializer(serializers.ModelSerializer[ErasureReceipt]):
    """What was erased, when, and at whose request; nothing of the person."""

    class Meta:
        model = ErasureReceipt
        fields = [
            "id", "contact_id", "conversations", "messages", "claims", "requested_by", "created_at",
        ]  # fmt: skip


class ContactDataViewSet(ContactViewSet):
    """People who left their details. No two contacts share an email or a phone number."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"], permission_classes=[AdminPermission])
    def export(self, request: Request, pk: str) -> Response:
        """Everything kept of a contact: details, conversations with messages, what was typed."""
        data: dict[str, Any] = export_contact(contact=self.get_object())
        response = Response(data)
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(request=None, responses=ErasureReceiptSerializer)
    @action(detail=True, methods=["post"], permission_classes=[AdminPermission])
    def erase(self, request: Request, pk: str) -> Response:
        """Delete a contact with its conversations, and what was typed of it elsewhere."""
        contact = self.get_object()
        receipt = erase_contact(contact_id=contact.id, requested_by=caller_name(request))
        return Response(ErasureReceiptSerializer(receipt).data)
