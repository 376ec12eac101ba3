"""The REST API of questions that an agent did not answer."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.errors import invalid
from loquent.organizations.api.base import OrganizationViewSet, body_of, idempotent
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.openapi import UUID_EXAMPLE, examples
from widgets.services.insights.unanswered import (
    agent_groups,
    answer_group,
    find_group,
    ignore_group,
)
from widgets.types import Unanswered

ENTRY_ID = "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02"


@examples(
    response={
        "id": UUID_EXAMPLE,
        "question": "Do you ship to Norway?",
        "count": 3,
        "last_asked_at": "2026-01-05T09:31:00.000000Z",
        "reason": "no_answer",
        "sessions": ["0b9d1d4e-52a4-4c53-8d25-4a0b0f8f7b01"],
    }
)
class UnansweredSerializer(serializers.Serializer[Any]):
    """Questions in the same words, as the newest of them says it. `sessions`: newest first."""

    id = serializers.UUIDField()
    question = serializers.CharField()
    count = serializers.IntegerField(help_text="How many times it was asked.")
    last_asked_at = serializers.DateTimeField()
    reason = serializers.ChoiceField(
        choices=Unanswered.choices,
        help_text=(
            "The most frequent reason. `no_answer`: nothing was found; `handed_over`: a person was "
            "called after the question; `choices`: the visitor clicked none of the buttons; "
            "`thumbs_down`: the visitor gave it a thumbs down."
        ),
    )
    sessions = serializers.ListField(child=serializers.UUIDField())


@examples(request={"entry": ENTRY_ID}, response={"entry": ENTRY_ID})
class CloseSerializer(serializers.Serializer[Any]):
    """Either the `entry` that answers the question, or `ignore`."""

    entry = serializers.UUIDField(required=False)
    ignore = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("entry" in attrs) == bool(attrs.get("ignore")):
            raise serializers.ValidationError("Send either entry, or ignore: true.")
        return attrs


@examples(response={"id": UUID_EXAMPLE, "closed": True})
class ClosedSerializer(serializers.Serializer[Any]):
    """Whether the group is closed: a search for the question finds the entry, or it is ignored."""

    id = serializers.UUIDField()
    closed = serializers.BooleanField()


@extend_schema(tags=["agents"])
class UnansweredViewSet(OrganizationViewSet):
    """The questions that an agent did not answer."""

    queryset = TextAgent.objects.all()
    serializer_class = UnansweredSerializer
    pagination_class = None

    @extend_schema(
        operation_id="agents_unanswered",
        summary="List unanswered questions",
        description=(
            "The questions of the last seven days that the agent did not answer, grouped by their "
            "words, most frequent first."
        ),
        filters=False,
        responses=UnansweredSerializer(many=True),
    )
    def find(self, request: Request, pk: Any) -> Response:
        agent = self.get_object()
        with slow_request(request):
            groups = agent_groups(agent=agent)
        return Response(UnansweredSerializer(groups, many=True).data)

    @extend_schema(
        operation_id="agents_unanswered_close",
        summary="Close an unanswered question",
        description=(
            "Send the `entry` that answers the question: the group closes as soon as a search for "
            "the question finds that entry; until then it stays in the list. Or ignore it. "
            "A closed group comes back if it is asked again."
        ),
        parameters=[
            OpenApiParameter(
                "question_id",
                {"type": "string", "format": "uuid"},
                OpenApiParameter.PATH,
                required=True,
                description="The id of the unanswered question.",
            )
        ],
        request=CloseSerializer,
        responses=ClosedSerializer,
    )
    @idempotent()
    def close(self, request: Request, pk: Any, question_id: UUID) -> Response:
        agent = self.get_object()
        serializer = CloseSerializer(data=body_of(request))
        serializer.is_valid(raise_exception=True)
        entry_id = serializer.validated_data.get("entry")
        with slow_request(request):
            group = find_group(agent=agent, group_id=question_id)
            if entry_id is None:
                ignore_group(agent=agent, group=group)
                is_closed = True
            else:
                entry = KnowledgeEntry.objects.filter(agent=agent, id=entry_id).first()
                if entry is None:
                    raise invalid({"entry": ["This agent has no such entry."]})
                is_closed = answer_group(agent=agent, group=group, entry=entry)
        return Response(ClosedSerializer({"id": group.id, "closed": is_closed}).data)
