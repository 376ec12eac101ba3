"""`/api/v1/widgets/`"""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from loquent.organizations.api.base import VersionedCrudViewSet, idempotent
from widgets.api.filters import WidgetFilter
from widgets.api.widget_serializers import WidgetSerializer
from widgets.models import WidgetConfig
from widgets.services.configs import delete_widget, reset_widget_id, widget_version


@extend_schema_view(
    list=extend_schema(
        summary="List widgets", description="The organization's widgets, newest first."
    ),
    retrieve=extend_schema(
        summary="Read a widget", description="All settings of a widget, and its embed code."
    ),
    create=extend_schema(
        summary="Create a widget",
        description="The new widget gets a public identifier. Omitted fields get their defaults.",
    ),
    update=extend_schema(
        summary="Replace a widget's settings",
        description="Omitted fields get their defaults.",
    ),
    partial_update=extend_schema(
        summary="Change a widget's settings", description="Omitted fields keep their values."
    ),
    destroy=extend_schema(
        summary="Delete a widget",
        description="Also deletes its conversations and their messages. Open chats end.",
    ),
)
@extend_schema(tags=["widgets"])
class WidgetViewSet(VersionedCrudViewSet):
    """Chats for websites: how they look, where they may run, and which agent answers."""

    queryset = WidgetConfig.objects.select_related("organization")
    serializer_class = WidgetSerializer
    filterset_class = WidgetFilter
    ordering_fields = ("created_at", "updated_at")

    def version_of(self, row: WidgetConfig) -> str:
        return widget_version(row)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(expected_version=self.expected_version())

    def perform_destroy(self, instance: WidgetConfig) -> None:
        delete_widget(widget=instance, expected_version=self.expected_version())

    @extend_schema(
        operation_id="widgets_reset_widget_id",
        summary="Reset a widget's public identifier",
        description="Pages with the old embed code stop showing the chat immediately.",
        request=None,
        responses=WidgetSerializer,
    )
    @action(detail=True, methods=["post"], url_path="reset-widget-id")
    @idempotent()
    def reset_widget_id(self, request: Request, pk: str) -> Response:
        widget = reset_widget_id(widget=self.get_object(), expected_version=self.expected_version())
        return self.tagged(Response(self.get_serializer(widget).data), widget)
