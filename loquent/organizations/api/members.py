"""`/api/v1/members/`"""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from loquent.organizations.api.base import ListMixin, OrganizationViewSet
from loquent.organizations.models import Availability, Membership
from loquent.rest.openapi import UUID_EXAMPLE, examples


@examples(
    response={
        "id": UUID_EXAMPLE,
        "name": "Ana",
        "email": "ana@example.com",
        "role": "operator",
        "availability": "online",
    }
)
class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A member. `name` is the one that visitors read."""

    name = serializers.CharField(source="public_name", read_only=True)
    email = serializers.CharField(source="user.username", read_only=True)

    availability = serializers.ChoiceField(
        choices=Availability.choices, read_only=True, help_text="Whether they can answer now."
    )

    class Meta:
        model = Membership
        fields = ["id", "name", "email", "role", "availability"]


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
