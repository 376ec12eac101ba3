"""The REST API of text agents."""

from typing import Any, cast

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.serializers import BaseSerializer

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services import create_agent, delete_agent, update_agent
from loquent.organizations.rest import OrganizationCrudViewSet
from loquent.serializers import StrictSerializer


class KnowledgeEntrySerializer(StrictSerializer[KnowledgeEntry]):
    """Something an agent knows. `id`: an entry that the agent has; leave it out for a new one."""

    id = serializers.UUIDField(required=False)

    class Meta:
        model = KnowledgeEntry
        fields = ["id", "title", "content", "url"]


class TextAgentSerializer(StrictSerializer[TextAgent]):
    """A text agent with all that it knows. `knowledge`, where given, replaces all entries."""

    organization_id = serializers.UUIDField(read_only=True)
    knowledge = KnowledgeEntrySerializer(many=True, required=False)

    class Meta:
        model = TextAgent
        fields = [
            "id",
            "organization_id",
            "name",
            "instructions",
            "model",
            "max_output_tokens",
            "temperature",
            "enabled",
            "fallback_sentence",
            "knowledge",
            "created_at",
            "updated_at",
        ]


@extend_schema_view(
    list=extend_schema(summary="List text agents, newest first"),
    retrieve=extend_schema(summary="Read a text agent"),
    create=extend_schema(summary="Create a text agent"),
    update=extend_schema(
        summary="Replace a text agent",
        description="Fields that are left out and have a default keep their value.",
    ),
    partial_update=extend_schema(
        summary="Change a text agent",
        description=(
            "`knowledge` replaces all entries: one with an `id` is changed, one without is made, "
            "missing ones are deleted. Without `knowledge` the entries stay."
        ),
    ),
    destroy=extend_schema(
        summary="Delete a text agent", description="409 while a widget uses the agent."
    ),
)
@extend_schema(tags=["agents"])
class TextAgentViewSet(OrganizationCrudViewSet):
    """Text agents of the organization, with their knowledge."""

    serializer_class = TextAgentSerializer
    queryset = TextAgent.objects.prefetch_related(
        Prefetch("knowledge", KnowledgeEntry.objects.order_by("created_at", "id"))
    )

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        agent = create_agent(organization=self.organization, data=serializer.validated_data)
        serializer.instance = self.get_queryset().get(id=agent.id)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        current = cast("TextAgent", serializer.instance)
        agent = update_agent(agent=current, data=serializer.validated_data)
        serializer.instance = self.get_queryset().get(id=agent.id)

    def perform_destroy(self, instance: TextAgent) -> None:
        delete_agent(agent=instance)
