"""`/api/v1/webhooks/` and `/api/v1/events/`."""

from typing import Any, ClassVar, cast

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from loquent.organizations.access import access_object
from loquent.organizations.api.authentication import TrustedPermission
from loquent.organizations.api.base import (
    OrganizationCrudViewSet,
    OrganizationViewSet,
    body_of,
    idempotent,
)
from loquent.rest.filters import BooleanChoice, MomentFilter, PeriodFilterSet
from loquent.webhooks.api.serializers import (
    NewWebhookSerializer,
    ResendFailedSerializer,
    ResentSerializer,
    WebhookDeliverySerializer,
    WebhookEventSerializer,
    WebhookSecretSerializer,
    WebhookSerializer,
)
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from loquent.webhooks.services.deliveries import resend_delivery, resend_failed
from loquent.webhooks.services.endpoints import (
    create_endpoint,
    delete_endpoint,
    rotate_secret,
    update_endpoint,
)
from loquent.webhooks.services.events import send_ping
from loquent.webhooks.services.secrets import endpoint_secret
from loquent.webhooks.types import DeliveryStatus, EndpointData, EventType

RESEND = "deliveries/(?P<delivery_id>[0-9a-fA-F-]+)/resend"
NO_STORE = {"Cache-Control": "no-store"}


class WebhookFilter(PeriodFilterSet):
    """How a list of webhooks may be narrowed down."""

    enabled = BooleanChoice(help_text="`true`: enabled webhooks; `false`: disabled webhooks.")


class DeliveryFilter(PeriodFilterSet):
    """How a list of deliveries may be narrowed down."""

    status = filters.ChoiceFilter(
        choices=DeliveryStatus.choices, help_text="Deliveries with this status."
    )


class EventFilter(filters.FilterSet):  # type: ignore[misc]
    """How a list of events may be narrowed down."""

    after = MomentFilter(
        field_name="created_at", lookup_expr="gt", help_text="Events after this time."
    )
    type = filters.ChoiceFilter(choices=EventType.choices, help_text="Events of this type.")


@extend_schema_view(
    list=extend_schema(
        summary="List webhooks", description="All webhooks of the organization, newest first."
    ),
    retrieve=extend_schema(
        summary="Read a webhook", description="One webhook, without its secret."
    ),
    update=extend_schema(
        summary="Replace a webhook",
        description="Omitted fields that have a default keep their values.",
    ),
    partial_update=extend_schema(
        summary="Change a webhook",
        description="Waiting deliveries go to the new URL. Enabling a webhook sends them.",
    ),
    destroy=extend_schema(
        summary="Delete a webhook", description="Also deletes its deliveries, sent or not."
    ),
)
@extend_schema(tags=["webhooks"])
class WebhookViewSet(OrganizationCrudViewSet):
    """Webhooks of the organization."""

    queryset = WebhookEndpoint.objects.all()
    serializer_class = WebhookSerializer
    permission_classes = [TrustedPermission]
    filterset_class = WebhookFilter
    more_statuses: ClassVar = {"create": (409,)}

    @extend_schema(
        summary="Create a webhook",
        description="The response contains the secret with which requests are signed.",
        responses={201: NewWebhookSerializer},
    )
    @idempotent("secret")
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = self.get_serializer(data=body_of(request))
        given.is_valid(raise_exception=True)
        data = cast("EndpointData", given.validated_data)
        row = create_endpoint(organization=self.organization, data=data)
        shown = {**WebhookSerializer(row).data, "secret": endpoint_secret(row)}
        headers = {"Location": f"{request.path}{row.id}/", **NO_STORE}
        return Response(shown, status.HTTP_201_CREATED, headers=headers)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        current = cast("WebhookEndpoint", serializer.instance)
        data = cast("EndpointData", serializer.validated_data)
        serializer.instance = update_endpoint(endpoint=current, data=data)

    def perform_destroy(self, instance: WebhookEndpoint) -> None:
        delete_endpoint(endpoint=instance)

    @extend_schema(
        summary="Read the secret of a webhook",
        description="The current secret, to verify requests with.",
        responses=WebhookSecretSerializer,
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def secret(self, request: Request, pk: str) -> Response:
        return Response({"secret": endpoint_secret(self.get_object())}, headers=NO_STORE)

    @extend_schema(
        summary="Rotate the secret of a webhook",
        description="For 24 hours, requests are signed with the new secret and with the old one.",
        request=None,
        responses=WebhookSecretSerializer,
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    @idempotent("secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        row = rotate_secret(endpoint=self.get_object())
        return Response({"secret": endpoint_secret(row)}, headers=NO_STORE)

    @extend_schema(
        summary="Test a webhook",
        description="Sends the event `ping`, whatever the webhook's `events` are.",
        request=None,
        responses={201: WebhookDeliverySerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent()
    def test(self, request: Request, pk: str) -> Response:
        row = send_ping(endpoint=self.get_object())
        return Response(WebhookDeliverySerializer(row).data, status.HTTP_201_CREATED)

    @extend_schema(
        summary="List the deliveries of a webhook",
        description="Deliveries of the last 30 days, newest first.",
        responses=WebhookDeliverySerializer(many=True),
    )
    @action(detail=True, methods=["get"], filterset_class=DeliveryFilter)
    def deliveries(self, request: Request, pk: str) -> Response:
        rows = WebhookDelivery.objects.filter(endpoint=self.get_object()).select_related("event")
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(WebhookDeliverySerializer(page, many=True).data)

    @extend_schema(
        summary="Resend a delivery",
        description="Delivers the event again now, with the same `webhook-id` and new retries.",
        parameters=[
            OpenApiParameter(
                "delivery_id",
                OpenApiTypes.UUID,
                OpenApiParameter.PATH,
                description="The `id` of a delivery of this webhook.",
            )
        ],
        request=None,
        responses=WebhookDeliverySerializer,
    )
    @action(detail=True, methods=["post"], url_path=RESEND)
    @idempotent()
    def resend(self, request: Request, pk: str, delivery_id: str) -> Response:
        rows = WebhookDelivery.objects.filter(endpoint=self.get_object())
        delivery = access_object(rows.select_related("endpoint"), pk=delivery_id)
        return Response(WebhookDeliverySerializer(resend_delivery(delivery=delivery)).data)

    @extend_schema(
        summary="Resend all failed deliveries",
        description="Delivers all failed events again now, with new retries.",
        request=ResendFailedSerializer,
        responses=ResentSerializer,
    )
    @action(detail=True, methods=["post"], url_path="resend-failed")
    @idempotent()
    def resend_failed(self, request: Request, pk: str) -> Response:
        given = ResendFailedSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        count = resend_failed(endpoint=self.get_object(), **given.validated_data)
        return Response({"resent": count})


@extend_schema_view(
    list=extend_schema(
        summary="List events",
        description=(
            "Events of the last 30 days, oldest first, to reconcile with what arrived. They are "
            "recorded while the organization has a webhook."
        ),
    )
)
@extend_schema(tags=["webhooks"])
class EventViewSet(mixins.ListModelMixin, OrganizationViewSet):
    """What happened in the organization."""

    queryset = WebhookEvent.objects.all()
    serializer_class = WebhookEventSerializer
    permission_classes = [TrustedPermission]
    filterset_class = EventFilter
    ordering = "created_at"
