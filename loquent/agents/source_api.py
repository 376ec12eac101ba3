"""The REST API of the websites and files that an agent's knowledge is read from."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.agents.agent_rows import AGENT_ID, AgentRowsViewSet
from loquent.agents.knowledge_source import KnowledgeSource
from loquent.agents.services.sources import (
    create_source,
    delete_source,
    entries_of_source,
    preview_source,
    sync_source,
    undo_sync,
    with_counts,
)
from loquent.agents.services.sources.files import Upload, add_file, replace_file
from loquent.agents.source_serializers import (
    FileSerializer,
    PreviewRequestSerializer,
    PreviewSerializer,
    SourceEntrySerializer,
    SourceReportSerializer,
    SourceSerializer,
    SyncSerializer,
)
from loquent.errors import invalid
from loquent.organizations.api.base import body_of, idempotent
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.errors import StrictJSONParser
from loquent.server.large_bodies import accepts_files


@extend_schema_view(
    list=extend_schema(summary="List an agent's sources", description="Sources, newest first."),
    retrieve=extend_schema(
        summary="Read a source", description="One source, with the progress of its sync."
    ),
    destroy=extend_schema(
        summary="Delete a source",
        description="Also deletes its entries, except for those that staff have edited.",
    ),
)
@extend_schema(tags=["agents"], parameters=[AGENT_ID])
class AgentSourceViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    AgentRowsViewSet,
):
    """The websites and files that an agent's knowledge is read from."""

    queryset = KnowledgeSource.objects.select_related("agent")
    serializer_class = SourceSerializer
    more_statuses: ClassVar = {"list": (404,), "create": (404, 409), "preview": (404,)}

    def get_parsers(self) -> list[BaseParser]:
        """Accept forms where files can be sent."""
        # The action isn't set yet while a request is being taken in.
        method = str(getattr(self.request, "method", "")).lower()
        has_files = self.action_map.get(method) in {"create", "sync"}
        return [StrictJSONParser(), MultiPartParser()] if has_files else [StrictJSONParser()]

    def get_queryset(self) -> Any:
        return with_counts(super().get_queryset())

    @extend_schema(
        summary="Add a website or a file",
        description=(
            "Reads the website or the file in the background; `status` shows its progress. A file "
            "with the name of another source is its new version: then the status is 200."
        ),
        request={"application/json": SourceSerializer, "multipart/form-data": FileSerializer},
        responses={200: SourceSerializer, 201: SourceSerializer},
    )
    @accepts_files
    @idempotent()
    def create(self, request: Request, agent_id: str) -> Response:
        agent = self.agent()
        data, is_new = body_of(request), True
        if _is_form(request):
            source, is_new = add_file(agent=agent, upload=_upload(data))
        elif isinstance(data, dict) and data.get("kind") == KnowledgeSource.Kind.FILE:
            raise invalid({"file": ["Send the file in a body of the type multipart/form-data."]})
        else:
            serializer = self.get_serializer(data=data)
            serializer.is_valid(raise_exception=True)
            source = create_source(agent=agent, url=serializer.validated_data["url"])
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        response = Response(self._shown(source), code)
        response["Location"] = f"{request.path}{source.id}/"
        return response

    def perform_destroy(self, instance: KnowledgeSource) -> None:
        delete_source(source=instance)

    @extend_schema(
        summary="Preview a website",
        description=(
            "Reads the start page and the sitemap, and returns which pages a sync would read. "
            "Returns 400 with the reason if nothing can be read."
        ),
        request=PreviewRequestSerializer,
        responses=PreviewSerializer,
    )
    @action(detail=False, methods=["post"])
    @idempotent()
    def preview(self, request: Request, agent_id: str) -> Response:
        agent = self.agent()
        given = PreviewRequestSerializer(data=body_of(request))
        given.is_valid(raise_exception=True)
        with slow_request(request):
            found = preview_source(
                url=given.validated_data["url"], organization_id=agent.organization_id
            )
        return Response(PreviewSerializer(found.as_data()).data)

    @extend_schema(
        summary="Sync a source",
        description=(
            "Reads the source again in the background. If more than 30 % of its pages are gone, "
            "nothing is changed, and `status` becomes `needs_confirmation`: then "
            "`accept_removals` removes them. For a file, send a new version as `file`."
        ),
        request={"application/json": SyncSerializer, "multipart/form-data": FileSerializer},
        responses=SourceSerializer,
    )
    @action(detail=True, methods=["post"])
    @accepts_files
    @idempotent()
    def sync(self, request: Request, agent_id: str, pk: str) -> Response:
        source = self.get_object()
        if _is_form(request):
            replace_file(source=source, upload=_upload(request.data))
            return Response(self._shown(source))
        given = SyncSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        sync_source(source=source, accept_removals=given.validated_data["accept_removals"])
        return Response(self._shown(source))

    @extend_schema(
        summary="Undo the last sync",
        description="Restores the source's entries. Returns 409 if there is nothing to undo.",
        request=None,
        responses=SourceSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent()
    def undo(self, request: Request, agent_id: str, pk: str) -> Response:
        source = self.get_object()
        undo_sync(source=source)
        return Response(self._shown(source))

    @extend_schema(
        summary="Read a source's report",
        description="What the last sync did with each page, as a list without pagination.",
        filters=False,
        responses=SourceReportSerializer(many=True),
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def report(self, request: Request, agent_id: str, pk: str) -> Response:
        pages = self.get_object().source_pages.only("url", "state", "reason")
        return Response(SourceReportSerializer(pages, many=True).data)

    @extend_schema(
        summary="List a source's entries",
        description="The entries that were read from the source, newest first.",
        filters=False,
        responses=SourceEntrySerializer(many=True),
    )
    @action(detail=True, methods=["get"], filter_backends=[])
    def entries(self, request: Request, agent_id: str, pk: str) -> Response:
        page = self.paginate_queryset(entries_of_source(self.get_object()))
        return self.get_paginated_response(SourceEntrySerializer(page, many=True).data)

    def _shown(self, source: KnowledgeSource) -> Any:
        return self.get_serializer(self.get_queryset().get(id=source.id)).data


def _is_form(request: Request) -> bool:
    return str(request.content_type).startswith("multipart/form-data")


def _upload(data: Any) -> Upload:
    given = FileSerializer(data=data)
    given.is_valid(raise_exception=True)
    file = given.validated_data["file"]
    return Upload(file.name, file.read(), given.validated_data.get("url"))
