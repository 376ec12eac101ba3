"""The REST API that searches an agent's knowledge, and measures it with its test questions."""

from typing import Any, cast

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.agents.api import ENTRY, KnowledgeEntrySerializer
from loquent.agents.models import TextAgent
from loquent.agents.services import AgentData, update_agent
from loquent.agents.services.answers import evaluate_agent, preview_change, search_agent
from loquent.errors import invalid
from loquent.organizations.api.base import (
    OrganizationViewSet,
    idempotent,
)
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.server.large_bodies import accepts_large_bodies

MAX_QUESTION = 2_000
OUTCOMES = "`answer`, `choices`, `none` or `person`."
ENTRY_ID = "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02"


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


class FiguresSerializer(serializers.Serializer[Any]):
    """The figures of a run, in percent; null if no question of the set is of that kind."""

    questions = serializers.IntegerField()
    right_at_1 = serializers.FloatField(allow_null=True)
    right_at_3 = serializers.FloatField(allow_null=True)
    refused_wrongly = serializers.FloatField(allow_null=True)
    refused_rightly = serializers.FloatField(allow_null=True)
    persons = serializers.FloatField(allow_null=True)


@extend_schema_serializer(
    examples=[OpenApiExample("Request", value={"knowledge": [ENTRY]}, request_only=True)]
)
class ChangedKnowledgeSerializer(serializers.Serializer[Any]):
    """A change to be measured before it is saved: as the agent's `knowledge`."""

    knowledge = KnowledgeEntrySerializer(
        many=True,
        required=False,
        help_text="Entries to measure in place of the saved ones.",
    )


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
        "before": None,
    }
)
class EvaluationSerializer(FiguresSerializer):
    """The figures of a run. `before`: those of the saved knowledge, if a change was measured."""

    results = ResultSerializer(many=True)
    before = FiguresSerializer(allow_null=True, default=None)


@extend_schema(tags=["agents"])
@accepts_large_bodies
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
            "question's outcome. With `knowledge`, measures what the agent would do if its entries "
            "were replaced by these, and saves nothing; `was_right` is then the result with the "
            "saved knowledge. Returns 503 while new knowledge is being indexed."
        ),
        request=ChangedKnowledgeSerializer,
        responses=EvaluationSerializer,
    )
    @idempotent()
    def evaluate(self, request: Request, pk: Any) -> Response:
        agent = self.get_object()
        sent = ChangedKnowledgeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        changed = cast("AgentData", sent.validated_data)
        before = None
        with slow_request(request):
            if "knowledge" in changed:
                before, evaluation = preview_change(
                    agent=agent, change=lambda: update_agent(agent=agent, data=changed)
                )
            else:
                evaluation = evaluate_agent(agent=agent)
        data = EvaluationSerializer(evaluation).data
        return Response({**data, "before": before and FiguresSerializer(before).data})


def _parameter(request: Request, name: str) -> str:
    value: str = request.query_params.get(name, "")
    if len(value) > MAX_QUESTION:
        raise invalid({name: [f"Use at most {MAX_QUESTION:,} characters."]})
    if "\x00" in value:
        raise invalid({name: ["Null characters are not allowed."]})
    return value
