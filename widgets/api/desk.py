"""`/api/v1/saved-replies/`, `/api/v1/availability/`, and a conversation's draft."""

from typing import Any, cast

from django.db.models import Q
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from loquent.organizations.access import access_object, has_role
from loquent.organizations.api.authentication import OperatorPermission
from loquent.organizations.api.base import OrganizationCrudViewSet, OrganizationViewSet, body_of
from loquent.organizations.models import ApiKey, Availability, Membership, Role
from loquent.rest.filters import BooleanChoice, PeriodFilterSet
from widgets.api.acting import acting_member, own_membership, read_body
from widgets.api.desk_serializers import (
    AvailabilitySerializer,
    DraftSerializer,
    SavedReplySerializer,
)
from widgets.models import SavedReply, WidgetSession
from widgets.services.handoff.availability import set_availability
from widgets.services.handoff.drafts import read_draft, save_draft
from widgets.services.handoff.saved_replies import (
    Author,
    check_may_change,
    create_saved_reply,
    update_saved_reply,
)

# What belongs to a member; a program names them.
MEMBER = OpenApiParameter(
    "member",
    OpenApiTypes.UUID,
    description="The member for whom an API key acts; required with a key.",
)


class AnswerPermission(OperatorPermission):
    """What belongs to members who answer: operators and above."""

    reading = Role.OPERATOR


class SavedReplyFilter(PeriodFilterSet):
    """Filter by owner; `session_id` fills in the variables."""

    shared = BooleanChoice(
        method="filter_shared", help_text="`true`: shared replies; `false`: your own."
    )
    session_id = filters.UUIDFilter(
        method="keep_all", help_text="The conversation for which `text` is filled in."
    )

    def filter_shared(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(member__isnull=value == "true")

    def keep_all(self, queryset: Any, name: str, value: Any) -> Any:
        return queryset


@extend_schema_view(
    list=extend_schema(
        summary="List saved replies",
        description=(
            "The shared replies and your own, newest first. With `session_id`, `text` is the "
            "content with its variables filled in for that conversation."
        ),
    ),
    retrieve=extend_schema(summary="Read a saved reply", description="One saved reply."),
    create=extend_schema(
        summary="Create a saved reply",
        description=(
            "Operators create replies of their own; admins and API keys also shared ones. "
            "Variables: `{visitor}`, `{me}` and `{page}`, with a fallback as in `{visitor|there}`."
        ),
    ),
    update=extend_schema(
        summary="Replace a saved reply", description="Shared replies: only admins and API keys."
    ),
    partial_update=extend_schema(
        summary="Change a saved reply", description="Shared replies: only admins and API keys."
    ),
    destroy=extend_schema(
        summary="Delete a saved reply", description="Shared replies: only admins and API keys."
    ),
)
@extend_schema(tags=["saved-replies"])
class SavedReplyViewSet(OrganizationCrudViewSet):
    """Texts that members answer with."""

    queryset = SavedReply.objects.all()
    serializer_class = SavedReplySerializer
    permission_classes = [OperatorPermission]
    filterset_class = SavedReplyFilter

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        member = own_membership(self)
        own = Q() if member is None else Q(member=member)
        return rows.filter(Q(member=None) | own) if own else rows.filter(member=None)

    def get_serializer_context(self) -> dict[str, Any]:
        context = dict(super().get_serializer_context())
        session_id = self.request.query_params.get("session_id") if self.request else None
        if session_id and self.action == "list":
            rows = WidgetSession.objects.filter(widget__organization=self.organization)
            context["session"] = access_object(rows.select_related("contact"), pk=session_id)
            context["member"] = own_membership(self)
        return context

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        data = serializer.validated_data
        serializer.instance = create_saved_reply(
            organization=self.organization,
            author=self._author(),
            name=data["name"],
            content=data["content"],
            shared=data.get("shared"),
        )

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        serializer.instance = update_saved_reply(
            row=cast("SavedReply", serializer.instance),
            author=self._author(),
            **serializer.validated_data,
        )

    def perform_destroy(self, instance: SavedReply) -> None:
        check_may_change(instance, self._author())
        instance.delete()

    def _author(self) -> Author:
        is_key = isinstance(self.request.auth, ApiKey)
        may_share = is_key or has_role(self.request.user, Role.ADMIN, self.organization.id)
        return Author(own_membership(self), may_share=may_share)


@extend_schema(tags=["members"])
class AvailabilityViewSet(OrganizationViewSet):
    """Whether a member can answer now."""

    queryset = Membership.objects.all()
    serializer_class = AvailabilitySerializer
    permission_classes = [AnswerPermission]
    filter_backends = []

    def get_object(self) -> Membership | None:
        """Return the caller's row; OPTIONS reads it."""
        return own_membership(self)

    @extend_schema(
        operation_id="availability_retrieve",
        summary="Read your availability",
        description="Whether you can answer now.",
        parameters=[MEMBER],
    )
    def read(self, request: Request) -> Response:
        return self._shown(acting_member(self, request.query_params.get("member")))

    @extend_schema(
        operation_id="availability_update",
        summary="Set your availability",
        description=(
            "`away` returns your conversations in which a visitor waits to the team. `until`: you "
            "are online again after this time."
        ),
    )
    def write(self, request: Request) -> Response:
        body_of(request)
        data = read_body(AvailabilitySerializer, request)
        member = acting_member(self, data.get("member"))
        return self._shown(
            set_availability(
                member=member, is_away=data["status"] == Availability.AWAY, until=data.get("until")
            )
        )

    def _shown(self, member: Membership) -> Response:
        until = member.away_until if member.availability == Availability.AWAY else None
        return Response(
            AvailabilitySerializer({"status": member.availability, "until": until}).data
        )


class DraftActions(OrganizationViewSet):
    """A member's draft in a conversation."""

    @extend_schema(
        methods=["get"],
        operation_id="sessions_draft_retrieve",
        summary="Read your draft in a conversation",
        description="What you have typed and not sent; empty if there is no draft.",
        parameters=[MEMBER],
        responses=DraftSerializer,
    )
    @extend_schema(
        methods=["put"],
        operation_id="sessions_draft_update",
        summary="Save your draft in a conversation",
        description="An empty `content` deletes it; so does your next reply.",
        request=DraftSerializer,
        responses=DraftSerializer,
    )
    @action(
        detail=True,
        methods=["get", "put"],
        permission_classes=[AnswerPermission],
        pagination_class=None,
        filter_backends=[],
    )
    def draft(self, request: Request, pk: str) -> Response:
        session = self.get_object()
        if request.method == "GET":
            member = acting_member(self, request.query_params.get("member"))
            row = read_draft(session=session, member=member)
        else:
            body_of(request)
            data = read_body(DraftSerializer, request)
            member = acting_member(self, data.get("member"))
            row = save_draft(session=session, member=member, content=data["content"])
        shown = {"content": "", "updated_at": None} if row is None else row
        return Response(DraftSerializer(shown).data)
