"""`/api/v1/widgets/` and `/api/v1/sessions/`"""

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.api import NewestFirstPagination
from loquent.organizations.rest import OrganizationCrudViewSet, OrganizationViewSet
from widgets.api.serializers import (
    WidgetMessageSerializer,
    WidgetSerializer,
    WidgetSessionSerializer,
)
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.configs import delete_widget, reset_widget_id


class WidgetViewSet(OrganizationCrudViewSet):
    """Chats for websites: how they look, where they may run, and which agent answers."""

    queryset = WidgetConfig.objects.select_related("organization")
    serializer_class = WidgetSerializer

    def perform_destroy(self, instance: WidgetConfig) -> None:
        delete_widget(widget=instance)

    @extend_schema(request=None, responses=WidgetSerializer)
    @action(detail=True, methods=["post"], url_path="reset-widget-id")
    def reset_widget_id(self, request: Request, pk: str) -> Response:
        """Give the widget a new `widget_id`. Pages with the old one fall silent at once."""
        widget = reset_widget_id(widget=self.get_object())
        return Response(self.get_serializer(widget).data)


class MessagePagination(NewestFirstPagination):
    """Pages of 50 messages in the order in which they were said."""

    ordering = ("seq",)


class WidgetSessionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OrganizationViewSet):
    """Visitors' conversations, newest first; read only."""

    queryset = WidgetSession.objects.all()
    serializer_class = WidgetSessionSerializer
    organization_path = "widget__organization"

    @extend_schema(responses=WidgetMessageSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=MessagePagination)
    def messages(self, request: Request, pk: str) -> Response:
        """The messages of a conversation, oldest first."""
        rows: models.QuerySet[WidgetMessage] = self.get_object().messages.all()
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(WidgetMessageSerializer(page, many=True).data)
