"""`/api/v1/sessions/`"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.organizations.api.authentication import AdminPermission
from loquent.organizations.api.base import ListMixin
from loquent.organizations.api.slow_requests import slow_batches
from loquent.rest.errors import NewestFirstPagination
from loquent.rest.filters import StrictFilterBackend
from loquent.rest.openapi import line_example
from loquent.rest.streaming import MEDIA_TYPE, NdjsonRenderer, in_batches, lines, stream
from widgets.api.desk import DraftActions
from widgets.api.filters import MessageFilter, SessionFilter
from widgets.api.handoff import HandoffActions
from widgets.api.session_serializers import (
    MESSAGE,
    SESSION,
    WidgetMessageSerializer,
    WidgetSessionExportSerializer,
    WidgetSessionSerializer,
    without_empty_choices,
)
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.handoff.waits import with_waits
from widgets.services.sessions import delete_widget_session

# The most conversations that an export holds in memory, with all their messages.
EXPORT_BATCH = 20


class MessagePagination(NewestFirstPagination):
    """Pages of 50 messages, in the order of the conversation."""

    ordering = ("seq",)


@extend_schema_view(
    list=extend_schema(
        summary="List conversations",
        description="Visitors' conversations, newest first. `search` searches the messages.",
    ),
    retrieve=extend_schema(
        summary="Read a conversation",
        description="A conversation without its messages, which have their own endpoint.",
    ),
    destroy=extend_schema(
        summary="Delete a conversation",
        description=(
            "Deletes a conversation with its messages. If the visitor's chat is open, it ends. "
            "The contact is kept."
        ),
    ),
)
@extend_schema(tags=["sessions"])
class WidgetSessionViewSet(
    ListMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    HandoffActions,
    DraftActions,
):
    """Visitors' conversations: to read, to search, to answer, to export, to delete."""

    queryset = WidgetSession.objects.select_related("assignee__user")
    serializer_class = WidgetSessionSerializer
    organization_path = "widget__organization"
    filterset_class = SessionFilter
    ordering_fields = ("created_at", "last_active_at", "waiting_since")

    def get_queryset(self) -> Any:
        return with_waits(super().get_queryset())

    def filter_queryset(self, queryset: Any) -> Any:
        found = super().filter_queryset(queryset)
        by_wait = self.request.query_params.get("ordering", "").endswith("waiting_since")
        # Pages can't continue behind a row without the value that they are sorted by.
        return found.filter(waiting_since__isnull=False) if by_wait else found

    def perform_destroy(self, instance: WidgetSession) -> None:
        delete_widget_session(session_id=instance.id)

    @extend_schema(
        summary="List the messages of a conversation",
        description="The messages, oldest first.",
        responses=WidgetMessageSerializer(many=True),
    )
    @action(
        detail=True,
        methods=["get"],
        pagination_class=MessagePagination,
        filter_backends=[StrictFilterBackend],
        filterset_class=MessageFilter,
        ordering_fields=(),
    )
    def messages(self, request: Request, pk: str) -> Response:
        rows = self.filter_queryset(WidgetMessage.objects.filter(session=self.get_object()))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(WidgetMessageSerializer(page, many=True).data)

    @extend_schema(
        operation_id="sessions_export",
        summary="Export conversations",
        description=(
            "All conversations that match the filters, with their messages, oldest first, "
            "streamed as one JSON document per line. Not available to viewers."
        ),
        filters=True,
        responses={(200, MEDIA_TYPE): WidgetSessionExportSerializer},
        examples=[line_example({**SESSION, "messages": [MESSAGE]})],
    )
    @action(
        detail=False,
        methods=["get"],
        pagination_class=None,
        filter_backends=[StrictFilterBackend],
        ordering_fields=(),
        permission_classes=[AdminPermission],
        renderer_classes=[NdjsonRenderer, JSONRenderer],
    )
    def export(self, request: Request) -> StreamingHttpResponse:
        rows = self.filter_queryset(self.get_queryset())
        batches = (lines(_with_messages(batch)) for batch in in_batches(rows, size=EXPORT_BATCH))
        return stream(request, slow_batches(request, batches), filename="sessions.ndjson")


def _with_messages(sessions: list[WidgetSession]) -> Iterator[dict[str, Any]]:
    """Yield the JSON of these sessions; messages bypass the serializer, which is too slow."""
    messages: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = WidgetMessage.objects.filter(session__in=sessions).order_by("session", "seq")
    for row in rows.values("session_id", *WidgetMessageSerializer.Meta.fields):
        row["author"] = {"name": row["author"]} if row["author"] else None
        row["outcome"] = row["outcome"] or None
        row["cut_reason"] = row["cut_reason"] or None
        messages[row.pop("session_id")].append(without_empty_choices(row))
    for session in sessions:
        yield {**WidgetSessionSerializer(session).data, "messages": messages[session.id]}
