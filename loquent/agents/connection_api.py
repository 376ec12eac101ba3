"""The REST API of model connections."""

from typing import Any, ClassVar, cast

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from loquent.agents.models import ModelConnection
from loquent.agents.services.connections import (
    MAX_KEY,
    MAX_MODEL_NAME,
    MAX_MODELS,
    ConnectionData,
    add_connection,
    check_connection,
    connection_models,
    delete_connection,
    update_connection,
)
from loquent.organizations.api.authentication import TrustedPermission
from loquent.organizations.api.base import OrganizationCrudViewSet, idempotent
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer, TextField

CONNECTION = {
    "name": "OpenAI",
    "base_url": "https://api.openai.com/v1",
    "models": ["gpt-5-mini"],
    "embedding_model": "",
}
MOMENT = "2026-01-05T09:30:00.000000Z"


@examples(
    request={**CONNECTION, "api_key": "sk-example"},
    response={
        "id": UUID_EXAMPLE,
        **CONNECTION,
        "has_key": True,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
)
class ModelConnectionSerializer(StrictSerializer[ModelConnection]):
    """An account at a model provider, or a model server. The key is never shown again."""

    api_key = TextField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=MAX_KEY,
        help_text="The provider's API key; empty if it needs none. Omitted: it is kept.",
    )
    models = serializers.ListField(
        source="model_names",
        child=TextField(max_length=MAX_MODEL_NAME),
        required=False,
        max_length=MAX_MODELS,
        help_text="The names of the models that agents may use. Empty: any.",
    )
    has_key = serializers.SerializerMethodField(help_text="Whether a key is stored.")

    class Meta:
        model = ModelConnection
        fields = [
            "id",
            "name",
            "base_url",
            "api_key",
            "has_key",
            "models",
            "embedding_model",
            "created_at",
            "updated_at",
        ]

    def get_has_key(self, connection: ModelConnection) -> bool:
        return bool(connection.encrypted_key)


@examples(request={"model": "gpt-5-mini"}, response={"model": "gpt-5-mini"})
class ConnectionTestSerializer(serializers.Serializer[Any]):
    """The model to ask for a word, which costs a few tokens; none: only the list is read."""

    model = TextField(required=False, allow_blank=True, max_length=MAX_MODEL_NAME)


@examples(
    response={
        "status": "fail",
        "message": "The endpoint refuses the key.",
        "hint": "Copy the key again from your provider's API keys page, and save it here.",
    }
)
class ConnectionResultSerializer(serializers.Serializer[Any]):
    """Whether a connection works: `ok`, `warn` or `fail`, in words, and what to do."""

    status = serializers.CharField(source="level")
    message = serializers.CharField()
    hint = serializers.CharField(allow_blank=True)


@examples(response={"models": ["gpt-5", "gpt-5-mini"]})
class ConnectionModelsSerializer(serializers.Serializer[Any]):
    """The models of an endpoint, by name. Empty: it doesn't list them."""

    models = serializers.ListField(child=serializers.CharField())


@extend_schema_view(
    list=extend_schema(
        summary="List model connections",
        description="The organization's accounts at model providers, newest first.",
    ),
    retrieve=extend_schema(
        summary="Read a model connection", description="One connection, without its key."
    ),
    create=extend_schema(
        summary="Create a model connection", description="Stores the key encrypted."
    ),
    update=extend_schema(
        summary="Replace a model connection",
        description="An omitted key is kept, unless the address changes.",
    ),
    partial_update=extend_schema(
        summary="Change a model connection",
        description="If the address changes, send the key again.",
    ),
    destroy=extend_schema(
        summary="Delete a model connection",
        description="Returns 409 if an agent uses the connection.",
    ),
)
@extend_schema(tags=["connections"])
class ModelConnectionViewSet(OrganizationCrudViewSet):
    """Model connections of the organization."""

    queryset = ModelConnection.objects.all()
    serializer_class = ModelConnectionSerializer
    permission_classes = [TrustedPermission]
    more_statuses: ClassVar = {"create": (409,), "destroy": (409,), "models": (409,)}

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        data = cast("ConnectionData", serializer.validated_data)
        serializer.instance = add_connection(organization=self.organization, data=data)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        current = cast("ModelConnection", serializer.instance)
        data = cast("ConnectionData", serializer.validated_data)
        serializer.instance = update_connection(connection=current, data=data)

    def perform_destroy(self, instance: ModelConnection) -> None:
        delete_connection(connection=instance)

    @extend_schema(
        summary="Test a model connection",
        description="Says whether the endpoint answers, and what to do if it doesn't.",
        request=ConnectionTestSerializer,
        responses=ConnectionResultSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent()
    def test(self, request: Request, pk: str) -> Response:
        given = ConnectionTestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        connection = self.get_object()
        with slow_request(request):
            result = check_connection(
                connection=connection, model=given.validated_data.get("model", "")
            )
        return Response(ConnectionResultSerializer(result).data)

    @extend_schema(
        summary="List the models of a connection",
        description="Asks the endpoint. Returns 409, with the reason, if it doesn't answer.",
        responses=ConnectionModelsSerializer,
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def models(self, request: Request, pk: str) -> Response:
        connection = self.get_object()
        with slow_request(request):
            names = connection_models(connection=connection)
        return Response(ConnectionModelsSerializer({"models": names}).data)
