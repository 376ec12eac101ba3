"""The REST API of the websites that an agent's knowledge is read from."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.agents.knowledge_source import KnowledgeSource, SourcePage
from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services.sources import (
    create_source,
    delete_source,
    entries_of_source,
    preview_source,
    sync_source,
    undo_sync,
    with_counts,
)
from loquent.egress.urls import MAX_URL
from loquent.organizations.access import access_object
from loquent.organizations.api.base import OrganizationViewSet, body_of, idempotent
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer, TextField

URL = "https://example.com/help/"
MOMENT = "2026-01-05T09:30:00.000000Z"


@examples(
    request={"url": URL},
    response={
        "id": UUID_EXAMPLE,
        "kind": "website",
        "url": URL,
        "status": "ready",
        "pages": 48,
        "pages_read": 50,
        "pages_found": 50,
        "error": "",
        "can_undo": True,
        "last_sync_at": MOMENT,
        "next_sync_at": "2026-01-12T09:30:00.000000Z",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
)
class SourceSerializer(StrictSerializer[KnowledgeSource]):
    """A website whose pages become knowledge. It is read again every week."""

    kind = serializers.ChoiceField(
        choices=KnowledgeSource.Kind.choices, required=False, default=KnowledgeSource.Kind.WEBSITE
    )
    pages = serializers.IntegerField(read_only=True, help_text="Pages in the knowledge.")
    can_undo = serializers.BooleanField(
        read_only=True, help_text="Whether the last sync changed something and can be undone."
    )

    class Meta:
        model = KnowledgeSource
        fields = [
            "id", "kind", "url", "status", "pages", "pages_read", "pages_found", "error",
            "can_undo", "last_sync_at", "next_sync_at", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = [
            "status", "pages_read", "pages_found", "error", "last_sync_at", "next_sync_at",
        ]  # fmt: skip
        extra_kwargs: ClassVar = {
            "pages_read": {"help_text": "Pages that the running or last sync has read."},
            "pages_found": {"help_text": "Pages that the running or last sync has found so far."},
            "error": {"help_text": "Why the last sync failed or waits for a person; else empty."},
        }


@examples(
    response={"url": f"{URL}old", "state": "skipped", "reason": "The page has no text."},
)
class SourceReportSerializer(serializers.ModelSerializer[SourcePage]):
    """What the last sync did with a page, and why."""

    class Meta:
        model = SourcePage
        fields = ["url", "state", "reason"]


@examples(
    response={
        "id": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02",
        "title": "Shipping",
        "content": "Parcels arrive within two days.",
        "url": f"{URL}shipping",
    }
)
class SourceEntrySerializer(serializers.ModelSerializer[KnowledgeEntry]):
    """An entry that was read from a page."""

    class Meta:
        model = KnowledgeEntry
        fields = ["id", "title", "content", "url"]


@examples(request={"accept_removals": True}, response={"accept_removals": True})
class SyncSerializer(serializers.Serializer[Any]):
    """Whether pages that are gone may be removed now, however many they are."""

    accept_removals = serializers.BooleanField(required=False, default=False)


@examples(request={"url": URL}, response={"url": URL})
class PreviewRequestSerializer(serializers.Serializer[Any]):
    """The page to start from."""

    url = TextField(max_length=MAX_URL)


@examples(
    response={
        "url": URL,
        "title": "Help",
        "excerpt": "How to order, pay and return.",
        "pages": [URL, f"{URL}shipping"],
        "count": 2,
        "is_whole": True,
        "warnings": [],
    }
)
class PreviewSerializer(serializers.Serializer[Any]):
    """What a sync would read. Unless `is_whole`, it may find more pages by following links."""

    url = serializers.CharField(help_text="Where the address leads to.")
    title = serializers.CharField()
    excerpt = serializers.CharField(help_text="The beginning of the start page's text.")
    pages = serializers.ListField(child=serializers.CharField(), help_text="The first 100 pages.")
    count = serializers.IntegerField()
    is_whole = serializers.BooleanField(help_text="Whether a sitemap lists the pages.")
    warnings = serializers.ListField(child=serializers.CharField())


_AGENT_ID = OpenApiParameter(
    "agent_id",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.PATH,
    required=True,
    description="The agent's id.",
)


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
@extend_schema(tags=["agents"], parameters=[_AGENT_ID])
class AgentSourceViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    OrganizationViewSet,
):
    """The websites that an agent's knowledge is read from."""

    queryset = KnowledgeSource.objects.select_related("agent")
    serializer_class = SourceSerializer
    organization_path = "agent__organization"
    lookup_value_regex = "[0-9a-f-]{36}"
    more_statuses: ClassVar = {"list": (404,), "create": (404, 409), "preview": (404,)}

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return with_counts(rows.filter(agent=self._agent()))

    def _agent(self) -> TextAgent:
        agents = TextAgent.objects.filter(organization=self.organization)
        return access_object(agents, pk=self.kwargs["agent_id"])

    @extend_schema(
        summary="Add a website",
        description="Reads the website in the background; `status` says how far it is.",
        responses={201: SourceSerializer},
    )
    @idempotent()
    def create(self, request: Request, agent_id: str) -> Response:
        agent = self._agent()
        serializer = self.get_serializer(data=body_of(request))
        serializer.is_valid(raise_exception=True)
        source = create_source(agent=agent, url=serializer.validated_data["url"])
        response = Response(self._shown(source), status.HTTP_201_CREATED)
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
        agent = self._agent()
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
            "`accept_removals` removes them."
        ),
        request=SyncSerializer,
        responses=SourceSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent()
    def sync(self, request: Request, agent_id: str, pk: str) -> Response:
        source = self.get_object()
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
        description="What the last sync did with each page: a list, not in pages.",
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
