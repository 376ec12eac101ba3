"""`/api/v1/members/`"""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from loquent.organizations.api.base import ListMixin, OrganizationViewSet
from loquent.organizations.models import Membership
from loquent.rest.openapi import UUID_EXAMPLE, examples


@examples(
    response={"id": UUID_EXAMPLE, "name": "Ana", "email": "ana@example.com", "role": "operator"}
)
class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A member. `name` is the one that visitors read."""

    name = serializers.CharField(source="public_name", read_only=True)
    email = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "name", "email", "role"]


@extend_schema_view(
    list=extend_schema(
        summary="List members", description="The members of the organization, newest first."
    )
)
@extend_schema(tags=["members"])
class MemberViewSet(ListMixin, OrganizationViewSet):
    """The members of the organization: to read."""

    queryset = Membership.objects.select_related("user")
    serializer_class = MemberSerializer
