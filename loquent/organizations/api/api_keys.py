"""`/api/v1/api-keys/`: for owners who are logged in."""

from typing import cast

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.organizations.api.authentication import OwnerPermission
from loquent.organizations.api.base import OrganizationViewSet, body_of, idempotent
from loquent.organizations.models import ApiKey, Scope
from loquent.organizations.services.organizations import create_api_key, revoke_api_key
from loquent.rest.filters import BooleanChoice, PeriodFilterSet
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer, TextField

KEY = {
    "id": UUID_EXAMPLE,
    "name": "Shop",
    "scope": "read",
    "prefix": "lqk_Ab3dEf",
    "created_by": "alice@example.com",
    "last_used_at": None,
    "revoked_at": None,
    "created_at": "2026-01-05T09:30:00.000000Z",
}


@examples(request={"name": "Shop", "scope": "read"}, response=KEY)
class ApiKeySerializer(StrictSerializer[ApiKey]):
    """An API key, without the secret; `prefix` is its beginning."""

    name = TextField(max_length=100)
    scope = serializers.ChoiceField(
        choices=Scope.choices,
        default=Scope.WRITE.value,
        help_text="`read` allows every GET; `write` also allows changes.",
    )

    created_by = serializers.CharField(
        source="created_by.username",
        read_only=True,
        allow_null=True,
        help_text="The email of the owner who created or took over the key; null if unknown.",
    )

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "scope",
            "prefix",
            "created_by",
            "last_used_at",
            "revoked_at",
            "created_at",
        ]
        read_only_fields = ["prefix", "last_used_at", "revoked_at"]


@examples(response={**KEY, "key": "lqk_Ab3dEf…"})
class NewApiKeySerializer(ApiKeySerializer):
    """A new API key with its secret, which is never shown again."""

    key = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="Shown only once; null in the response to a repeated Idempotency-Key.",
    )

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]


class ApiKeyFilter(PeriodFilterSet):
    """Filter lists of keys."""

    revoked = BooleanChoice(
        field_name="revoked_at",
        method="filter_revoked",
        help_text="`true`: revoked keys; `false`: active keys.",
    )

    def filter_revoked(self, queryset, name: str, value: str):  # type: ignore[no-untyped-def]
        return queryset.filter(revoked_at__isnull=value == "false")


@extend_schema_view(
    list=extend_schema(
        summary="List API keys",
        description="All keys of the organization, including revoked ones, newest first.",
    ),
    retrieve=extend_schema(summary="Read an API key", description="One key, without the secret."),
    destroy=extend_schema(
        summary="Revoke an API key",
        description="The key stops working immediately. It stays in the list, with `revoked_at`.",
    ),
)
@extend_schema(tags=["api-keys"], auth=[{"staffSession": []}])  # type: ignore[list-item]
class ApiKeyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OrganizationViewSet):
    """API keys for programs. Only an owner who is logged in can manage them; no key can."""

    queryset = ApiKey.objects.select_related("created_by")
    serializer_class = ApiKeySerializer
    permission_classes = [OwnerPermission]
    filterset_class = ApiKeyFilter

    @extend_schema(
        summary="Create an API key",
        description="The response contains the key itself, `lqk_…`, which is never shown again.",
        responses={201: NewApiKeySerializer},
    )
    @idempotent("key")
    def create(self, request: Request) -> Response:
        given = ApiKeySerializer(data=body_of(request))
        given.is_valid(raise_exception=True)
        row, key = create_api_key(
            organization=self.organization,
            # OwnerPermission admits only members who are logged in.
            created_by=cast("User", request.user),
            **given.validated_data,
        )
        data = {**ApiKeySerializer(row).data, "key": key}
        headers = {"Location": f"{request.path}{row.id}/", "Cache-Control": "no-store"}
        return Response(data, status.HTTP_201_CREATED, headers=headers)

    def destroy(self, request: Request, pk: str) -> Response:
        revoke_api_key(api_key=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
