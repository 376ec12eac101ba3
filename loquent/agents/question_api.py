"""The REST API of the test questions that measure an agent."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.serializers import BaseSerializer

from loquent.agents.agent_rows import AGENT_ID, AgentRowsViewSet
from loquent.agents.models import AgentQuestion, KnowledgeEntry
from loquent.agents.services.questions import save_question
from loquent.organizations.api.base import OrganizationCrudViewSet
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer

QUESTION = {
    "question": "How much is postage?",
    "previous": "",
    "expect": "entry",
    "entry": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02",
}


@examples(
    request=QUESTION,
    response={
        "id": UUID_EXAMPLE,
        **QUESTION,
        "was_right": True,
        "created_at": "2026-01-05T09:30:00.000000Z",
        "updated_at": "2026-01-05T09:30:00.000000Z",
    },
)
class AgentQuestionSerializer(StrictSerializer[AgentQuestion]):
    """A question with the expected outcome. `was_right`: in the last evaluation."""

    entry = serializers.PrimaryKeyRelatedField(
        queryset=KnowledgeEntry.objects.all(),
        required=False,
        allow_null=True,
        pk_field=serializers.UUIDField(),
        help_text="The entry that answers, if one is expected.",
    )

    class Meta:
        model = AgentQuestion
        fields = [
            "id", "question", "previous", "expect", "entry", "was_right", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["was_right"]


@extend_schema_view(
    list=extend_schema(
        summary="List an agent's test questions", description="Test questions, newest first."
    ),
    retrieve=extend_schema(summary="Read a test question", description="One test question."),
    create=extend_schema(
        summary="Create a test question",
        description="A question that measures the agent; see *Evaluate an agent*.",
    ),
    update=extend_schema(
        summary="Replace a test question",
        description="Omitted fields that have a default keep their values.",
    ),
    partial_update=extend_schema(
        summary="Change a test question", description="Changes the given fields."
    ),
    destroy=extend_schema(
        summary="Delete a test question", description="The knowledge is not changed."
    ),
)
@extend_schema(tags=["agents"], parameters=[AGENT_ID])
class AgentQuestionViewSet(AgentRowsViewSet, OrganizationCrudViewSet):
    """The questions that measure an agent."""

    queryset = AgentQuestion.objects.select_related("entry")
    serializer_class = AgentQuestionSerializer
    more_statuses = {"list": (404,), "create": (404,)}

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        row = AgentQuestion(agent=self.agent())
        serializer.instance = save_question(row, serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        row = cast("AgentQuestion", serializer.instance)
        serializer.instance = save_question(row, serializer.validated_data)
