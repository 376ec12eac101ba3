"""The REST API of what an agent may call."""

from typing import Any, ClassVar, cast

from drf_spectacular.utils import (
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from loquent.agents.actions.parameters import MAX_DESCRIPTION, SOURCES, TYPES
from loquent.agents.actions.spec import schema_of
from loquent.agents.agent_action import AgentAction
from loquent.agents.agent_rows import AGENT_ID, AgentRowsViewSet
from loquent.agents.services.action_preview import preview_action
from loquent.agents.services.actions import MAX_SECRET, save_action, spec_of
from loquent.agents.services.mcp_tools import listed_tools
from loquent.organizations.api.authentication import AdminPermission
from loquent.organizations.api.base import OrganizationCrudViewSet, body_of, idempotent
from loquent.organizations.api.slow_requests import slow_request
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer, SwitchField, TextField

URL = "https://shop.example.com/api/orders/{order_number}"
MOMENT = "2026-01-05T09:30:00.000000Z"
PARAMETER = {
    "name": "order_number",
    "type": "string",
    "description": "your order number",
    "required": True,
    "enum": [],
    "pattern": "[0-9]{4,10}",
    "source": "visitor",
    "value": None,
}
ACTION = {
    "name": "order_status",
    "title": "Order status",
    "description": "Where an order is, and when it arrives.",
    "kind": "http",
    "method": "GET",
    "url": URL,
    "parameters": [PARAMETER],
    "risk": "read",
    "response_fields": ["status", "tracking.url"],
    "enabled": True,
}


@extend_schema_field({"type": ["string", "number", "boolean"]})
class ValueField(serializers.JSONField):
    """A value of one of `TYPES`."""


class ActionParameterSerializer(serializers.Serializer[Any]):
    """A value of the call."""

    name = TextField(max_length=64)
    type = serializers.ChoiceField(choices=TYPES, default="string")
    description = TextField(
        max_length=MAX_DESCRIPTION,
        allow_blank=True,
        default="",
        help_text="What the visitor is asked for.",
    )
    required = SwitchField(default=True)  # type: ignore[assignment]
    enum = serializers.ListField(
        child=serializers.JSONField(), default=list, help_text="The allowed values; empty: any."
    )
    pattern = TextField(
        allow_blank=True,
        default="",
        help_text="A regular expression that the whole value matches; only of strings.",
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=SOURCES,
        default="visitor",
        help_text="`visitor`: asked for; `fixed`: always `value`; `verified`: from a signed "
        "identity. An action with a verified parameter is not offered yet.",
    )
    value = ValueField(default=None, allow_null=True, help_text="The value of a fixed parameter.")


@examples(
    request={**ACTION, "headers": {"X-Shop": "main"}, "secret": "example-token"},
    response={
        "id": UUID_EXAMPLE,
        **ACTION,
        "headers": {"X-Shop": None},
        "has_secret": True,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
)
class ActionSerializer(StrictSerializer[AgentAction]):
    """Something that the agent can do for visitors by calling another system."""

    title = TextField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="What visitors read. Omitted: made from the name.",
    )
    parameters = ActionParameterSerializer(many=True, required=False)
    headers = serializers.JSONField(
        required=False,
        help_text="An object with a value for each header. Values are stored encrypted and never "
        "shown again: a response has null for each. Null keeps the stored value.",
    )
    secret = TextField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=MAX_SECRET,
        help_text="Sent as `Authorization: Bearer`. Omitted: it is kept. Empty: it is removed.",
    )
    has_secret = serializers.SerializerMethodField(help_text="Whether a secret is stored.")
    response_fields = serializers.ListField(
        child=TextField(max_length=700),
        required=False,
        help_text="The fields of the response that the agent receives, such as `tracking.url`. "
        "Empty: all.",
    )

    class Meta:
        model = AgentAction
        fields = [
            "id", "name", "title", "description", "kind", "method", "url", "parameters", "headers",
            "secret", "has_secret", "risk", "response_fields", "enabled", "created_at",
            "updated_at",
        ]  # fmt: skip

    def get_has_secret(self, row: AgentAction) -> bool:
        return bool(row.encrypted_secret)

    def to_representation(self, instance: AgentAction) -> dict[str, Any]:
        instance.headers = dict.fromkeys(instance.encrypted_headers)  # type: ignore[attr-defined]
        return super().to_representation(instance)


@examples(request={"arguments": {"order_number": "10023"}}, response={"arguments": {}})
class ActionTrySerializer(serializers.Serializer[Any]):
    """The arguments as a model or a visitor would give them."""

    arguments = serializers.JSONField(required=False, default=dict)


@examples(
    response={
        "request": {
            "method": "GET",
            "url": "https://shop.example.com/api/orders/10023",
            "headers": ["X-Shop", "Authorization"],
            "body": None,
        },
        "schema": schema_of([]),
        "error": "",
    }
)
class ActionPreviewSerializer(serializers.Serializer[Any]):
    """The request for these arguments, or why they are refused. Nothing is sent."""

    request = serializers.JSONField(help_text="Without the values of headers; null if refused.")
    schema = serializers.JSONField(help_text="The JSON schema that a model is given.")
    error = serializers.CharField(allow_blank=True)


class McpToolSerializer(serializers.Serializer[Any]):
    """A tool of an MCP server, in the fields of an action that calls it."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    parameters = ActionParameterSerializer(many=True)
    is_lookup = serializers.BooleanField(
        help_text="Whether the server says that the tool only reads. Otherwise use the risk "
        "`write`, so that visitors confirm its calls."
    )
    problem = serializers.CharField(
        allow_blank=True, help_text="Why no action can call this tool; empty if one can."
    )


@examples(
    response={
        "tools": [
            {
                "name": "order_status",
                "title": "Order status",
                "description": "Where an order is, and when it arrives.",
                "parameters": [PARAMETER],
                "is_lookup": True,
                "problem": "",
            }
        ]
    }
)
class McpToolsSerializer(serializers.Serializer[Any]):
    """The tools of an MCP server, as the server describes them now."""

    tools = McpToolSerializer(many=True)


@extend_schema_view(
    list=extend_schema(summary="List an agent's actions", description="Actions, newest first."),
    retrieve=extend_schema(summary="Read an action", description="One action, without secrets."),
    create=extend_schema(
        summary="Create an action", description="Omitted fields get their defaults."
    ),
    update=extend_schema(
        summary="Replace an action",
        description="Omitted fields keep their values, including secrets, unless the host changes.",
    ),
    partial_update=extend_schema(
        summary="Change an action",
        description="If the host changes, send the secret and the header values again.",
    ),
    destroy=extend_schema(
        summary="Delete an action", description="Its log is kept with the conversations."
    ),
)
@extend_schema(tags=["agents"], parameters=[AGENT_ID])
class AgentActionViewSet(AgentRowsViewSet, OrganizationCrudViewSet):
    """What an agent may call."""

    queryset = AgentAction.objects.select_related("agent")
    serializer_class = ActionSerializer
    more_statuses: ClassVar = {"list": (404,), "create": (404,), "tools": (409,)}

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        row = AgentAction(agent=self.agent())
        serializer.instance = save_action(row, serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        current = cast("AgentAction", serializer.instance)
        serializer.instance = save_action(current, serializer.validated_data)

    @extend_schema(
        summary="Try an action without a call",
        description="Returns the request that these arguments produce. Nothing is sent.",
        request=ActionTrySerializer,
        responses=ActionPreviewSerializer,
    )
    @action(detail=True, methods=["post"], url_path="dry-run")
    @idempotent()
    def dry_run(self, request: Request, agent_id: str, pk: str) -> Response:
        given = ActionTrySerializer(data=body_of(request))
        given.is_valid(raise_exception=True)
        found = preview_action(spec_of(self.get_object()), given.validated_data["arguments"])
        return Response(ActionPreviewSerializer(found).data)

    @extend_schema(
        summary="List the tools of an action's MCP server",
        description="Asks the server. Returns 409, with the reason, if it doesn't answer, or if "
        "the action is of another kind.",
        responses=McpToolsSerializer,
    )
    @action(
        detail=True,
        methods=["get"],
        filter_backends=[],
        pagination_class=None,
        permission_classes=[AdminPermission],
    )
    def tools(self, request: Request, agent_id: str, pk: str) -> Response:
        row = self.get_object()
        with slow_request(request):
            found = listed_tools(row)
        return Response(McpToolsSerializer({"tools": found}).data)
