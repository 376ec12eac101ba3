"""The REST API of text agents."""

from itertools import accumulate
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import Prefetch, Sum
from django.db.models.functions import Length
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from loquent.agents.models import DEFAULT_FALLBACK, KnowledgeEntry, ModelConnection, TextAgent
from loquent.agents.services import (
    DEFAULT_MODEL,
    agent_version,
    create_agent,
    delete_agent,
    update_agent,
)
from loquent.organizations.api.authentication import request_organization
from loquent.organizations.api.base import VersionedCrudViewSet
from loquent.rest.errors import NewestFirstPagination
from loquent.rest.filters import BooleanChoice, PeriodFilterSet, SearchFilter
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer
from loquent.server.large_bodies import accepts_large_bodies

# A page of a list has fewer agents if their knowledge together has more characters.
PAGE_CHARS = 2_000_000


class KnowledgeEntrySerializer(StrictSerializer[KnowledgeEntry]):
    """A knowledge entry of an agent. Give the `id` of an existing entry; omit it for a new one."""

    id = serializers.UUIDField(required=False)

    class Meta:
        model = KnowledgeEntry
        fields = ["id", "title", "content", "url"]


class ConnectionField(serializers.PrimaryKeyRelatedField[ModelConnection]):
    """The id of a connection of the request's organization."""

    default_error_messages: ClassVar = {"does_not_exist": "There is no such connection."}

    def get_queryset(self) -> Any:
        organization = request_organization(self.context["request"])
        return ModelConnection.objects.filter(organization=organization)


ENTRY = {
    "title": "Shipping",
    "content": "Parcels arrive within two days.",
    "url": "https://example.com/shipping",
}
AGENT = {
    "name": "Helper",
    "instructions": "Answer in two sentences.",
    "model": DEFAULT_MODEL,
    "connection": None,
    "knowledge": [ENTRY],
}


@examples(
    request=AGENT,
    response={
        "id": UUID_EXAMPLE,
        "organization_id": "0b9d1d4e-52a4-4c53-8d25-4a0b0f8f7b01",
        **AGENT,
        "max_output_tokens": 1024,
        "temperature": None,
        "language": "",
        "enabled": True,
        "fallback_sentence": DEFAULT_FALLBACK,
        "knowledge": [{"id": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02", **ENTRY}],
        "created_at": "2026-01-05T09:30:00.000000Z",
        "updated_at": "2026-01-05T09:30:00.000000Z",
    },
)
class TextAgentSerializer(StrictSerializer[TextAgent]):
    """A text agent with its knowledge. If given, `knowledge` replaces all entries."""

    organization_id = serializers.UUIDField(read_only=True)
    knowledge = KnowledgeEntrySerializer(many=True, required=False)
    connection = ConnectionField(
        required=False,
        allow_null=True,
        help_text="The id of the model connection to use; null: the server's own.",
    )

    class Meta:
        model = TextAgent
        fields = [
            "id",
            "organization_id",
            "name",
            "instructions",
            "model",
            "connection",
            "max_output_tokens",
            "temperature",
            "language",
            "enabled",
            "fallback_sentence",
            "knowledge",
            "created_at",
            "updated_at",
        ]
        extra_kwargs: ClassVar = {
            "model": {"help_text": f"provider:name, such as {DEFAULT_MODEL}."},
        }


class TextAgentFilter(PeriodFilterSet):
    """Filter lists of agents."""

    enabled = BooleanChoice(help_text="`true`: enabled agents; `false`: disabled agents.")
    model = filters.CharFilter(max_length=200, help_text="Agents with exactly this model.")
    search = SearchFilter("name", "instructions", help_text="Text in the name or instructions.")


class AgentPagination(NewestFirstPagination):
    """Pages that are shorter if their agents have much knowledge: responses are built in memory."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        agents = super().paginate_queryset(queryset.prefetch_related(None), request, view)
        self.page_size = max(1, _fitting([agent.id for agent in agents or ()]))
        return super().paginate_queryset(queryset, request, view)


def _fitting(agent_ids: list[UUID]) -> int:
    """Return how many agents, from the first, have no more than PAGE_CHARS of knowledge."""
    entries = KnowledgeEntry.objects.filter(agent__in=agent_ids, page=None).order_by()
    length = Length("content") + Length("title") + Length("url")
    sizes = dict(entries.values_list("agent").annotate(size=Sum(length)))
    sums = accumulate(sizes.get(agent_id, 0) for agent_id in agent_ids)
    return sum(1 for size in sums if size <= PAGE_CHARS)


@extend_schema_view(
    list=extend_schema(
        summary="List text agents",
        description=(
            "The organization's agents with their knowledge, newest first. A page has fewer than "
            f"50 if their knowledge has more than {PAGE_CHARS:,} characters."
        ),
    ),
    retrieve=extend_schema(
        summary="Read a text agent", description="An agent with all its knowledge."
    ),
    create=extend_schema(
        summary="Create a text agent",
        description="Omitted fields get their defaults.",
    ),
    update=extend_schema(
        summary="Replace a text agent",
        description="Omitted fields that have a default keep their values.",
    ),
    partial_update=extend_schema(
        summary="Change a text agent",
        description=(
            "`knowledge` replaces all entries: an entry with an `id` is changed, one without is "
            "created, and missing ones are deleted. Without `knowledge`, the entries are kept."
        ),
    ),
    destroy=extend_schema(
        summary="Delete a text agent",
        description="Also deletes its knowledge. Returns 409 if a widget uses the agent.",
    ),
)
@extend_schema(tags=["agents"])
@accepts_large_bodies
class TextAgentViewSet(VersionedCrudViewSet):
    """Text agents of the organization, with their knowledge."""

    serializer_class = TextAgentSerializer
    filterset_class = TextAgentFilter
    pagination_class = AgentPagination
    more_statuses: ClassVar = {"destroy": (409,)}
    ordering_fields = ("created_at", "updated_at")
    queryset = TextAgent.objects.prefetch_related(
        # Those from sources are read at the source.
        Prefetch("knowledge", KnowledgeEntry.objects.filter(page=None).order_by("created_at", "id"))
    )

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        agent = create_agent(organization=self.organization, data=serializer.validated_data)
        serializer.instance = self.get_queryset().get(id=agent.id)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        current = cast("TextAgent", serializer.instance)
        agent = update_agent(
            agent=current,
            data=serializer.validated_data,
            expected_version=self.expected_version(),
        )
        serializer.instance = self.get_queryset().get(id=agent.id)

    def perform_destroy(self, instance: TextAgent) -> None:
        delete_agent(agent=instance, expected_version=self.expected_version())

    def version_of(self, row: TextAgent) -> str:
        return agent_version(row)
