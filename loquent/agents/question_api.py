"""The REST API that searches an agent's knowledge and measures it with questions."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.agents.services.answers import evaluate_agent, search_agent
from loquent.agents.services.questions import save_question
from loquent.errors import invalid
from loquent.organizations.access import access_object
from loquent.organizations.api.base import (
    OrganizationCrudViewSet,
    OrganizationViewSet,
    idempotent,
)
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer

MAX_QUESTION = 2_000
OUTCOMES = "`answer`, `choices`, `none` or `person`."
ENTRY_ID = "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02"
QUESTION = {
    "question": "How much is postage?",
    "previous": "",
    "expect": "entry",
    "entry": ENTRY_ID,
}


class HitSerializer(serializers.Serializer[Any]):
    """A matching entry. Scores are 0 to 1; `meaning` is null without vectors."""

    entry = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()
    score = serializers.FloatField()
    words = serializers.FloatField()
    meaning = serializers.FloatField(allow_null=True)


@examples(
    response={
        "outcome": "answer",
        "threshold": 0.19,
        "hits": [
            {
                "entry": ENTRY_ID,
                "title": "Shipping",
                "url": "https://example.com/shipping",
                "score": 0.72,
                "words": 0.8,
                "meaning": 0.67,
            }
        ],
    }
)
class SearchSerializer(serializers.Serializer[Any]):
    """What the agent would do, and the entries it found, best first, even below the threshold."""

    outcome = serializers.CharField(help_text=OUTCOMES)
    threshold = serializers.FloatField(help_text="The minimum score of an answer of this agent.")
    hits = HitSerializer(many=True)


class ResultSerializer(serializers.Serializer[Any]):
    """The result of one question; `rank`: of the expected entry; `was_right`: in the run before."""

    id = serializers.UUIDField(source="row.id")
    question = serializers.CharField(source="row.question")
    expect = serializers.CharField(source="row.expect")
    outcome = serializers.CharField(help_text=OUTCOMES)
    rank = serializers.IntegerField(allow_null=True)
    right = serializers.BooleanField()
    was_right = serializers.BooleanField(allow_null=True)


@examples(
    response={
        "questions": 1,
        "right_at_1": 100.0,
        "right_at_3": 100.0,
        "refused_wrongly": 0.0,
        "refused_rightly": None,
        "persons": None,
        "results": [
            {
                "id": UUID_EXAMPLE,
                "question": "How much is postage?",
                "expect": "entry",
                "outcome": "answer",
                "rank": 1,
                "right": True,
                "was_right": None,
            }
        ],
    }
)
class EvaluationSerializer(serializers.Serializer[Any]):
    """The figures of a run, in percent; null if no question of the set is of that kind."""

    questions = serializers.IntegerField()
    right_at_1 = serializers.FloatField(allow_null=True)
    right_at_3 = serializers.FloatField(allow_null=True)
    refused_wrongly = serializers.FloatField(allow_null=True)
    refused_rightly = serializers.FloatField(allow_null=True)
    persons = serializers.FloatField(allow_null=True)
    results = ResultSerializer(many=True)


@extend_schema(tags=["agents"])
class AgentAnswersViewSet(OrganizationViewSet):
    """Search an agent's knowledge."""

    queryset = TextAgent.objects.all()
    serializer_class = SearchSerializer
    more_statuses = {"find": (503,), "evaluate": (503,)}

    @extend_schema(
        operation_id="agents_search",
        summary="Search an agent's knowledge",
        description=(
            "What the agent's saved knowledge has for a visitor's question: at most 10 entries, "
            "and what the agent would do. Returns 503 while new knowledge is being indexed."
        ),
        parameters=[
            OpenApiParameter("q", str, required=True, description="The question."),
            OpenApiParameter("previous", str, description="The visitor's previous question."),
        ],
        responses=SearchSerializer,
    )
    def find(self, request: Request, pk: Any) -> Response:
        agent = self.get_object()
        question = _parameter(request, "q")
        if not question.strip():
            raise invalid({"q": ["Send the question to search for."]})
        found = search_agent(
            agent=agent, question=question, previous=_parameter(request, "previous")
        )
        return Response(SearchSerializer(found).data)

    @extend_schema(
        operation_id="agents_evaluate",
        summary="Evaluate an agent",
        description=(
            "Asks all of the agent's test questions, and returns the figures in percent and each "
            "question's outcome. Returns 503 while new knowledge is being indexed."
        ),
        request=None,
        responses=EvaluationSerializer,
    )
    @idempotent()
    def evaluate(self, request: Request, pk: Any) -> Response:
        agent = self.get_object()
        with slow_request(request):
            evaluation = evaluate_agent(agent=agent)
        return Response(EvaluationSerializer(evaluation).data)


def _parameter(request: Request, name: str) -> str:
    value: str = request.query_params.get(name, "")
    if len(value) > MAX_QUESTION:
        raise invalid({name: [f"Use at most {MAX_QUESTION:,} characters."]})
    if "\x00" in value:
        raise invalid({name: ["Null characters are not allowed."]})
    return value


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


_AGENT_ID = OpenApiParameter(
    "agent_id",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.PATH,
    required=True,
    description="The agent's id.",
)


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
@extend_schema(tags=["agents"], parameters=[_AGENT_ID])
class AgentQuestionViewSet(OrganizationCrudViewSet):
    """The questions that measure an agent."""

    queryset = AgentQuestion.objects.select_related("entry")
    serializer_class = AgentQuestionSerializer
    organization_path = "agent__organization"
    lookup_value_regex = "[0-9a-f-]{36}"
    more_statuses = {"list": (404,), "create": (404,)}

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(agent=self._agent())

    def _agent(self) -> TextAgent:
        agents = TextAgent.objects.filter(organization=self.organization)
        return access_object(agents, pk=self.kwargs["agent_id"])

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        row = AgentQuestion(agent=self._agent())
        serializer.instance = save_question(row, serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        row = cast("AgentQuestion", serializer.instance)
        serializer.instance = save_question(row, serializer.validated_data)
