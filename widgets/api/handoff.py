"""What staff do with a conversation over REST: take it over, answer, pass it on, resolve it."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loquent.organizations.api.authentication import OperatorPermission, caller_name
from loquent.organizations.api.base import OrganizationViewSet, idempotent
from loquent.organizations.models import Membership
from widgets.api.acting import acting_member, member_who_answers, own_membership, read_body
from widgets.api.handoff_serializers import (
    AssignSerializer,
    EventListSerializer,
    EventSerializer,
    NoteListSerializer,
    NoteSerializer,
    ReplySerializer,
    SnoozeSerializer,
    TakeOverSerializer,
)
from widgets.api.session_serializers import WidgetMessageSerializer, WidgetSessionSerializer
from widgets.models import ConversationNote, WidgetSession
from widgets.services.handoff import staff
from widgets.services.handoff.change import Actor
from widgets.services.handoff.hints import Hint, send_after_commit


def moves(summary: str, description: str, path: str, request: Any = None) -> Callable[..., Any]:
    """Declare a transition: a POST that returns the conversation."""

    def decorate(handler: Callable[..., Any]) -> Any:
        schema = extend_schema(
            summary=summary,
            description=description,
            request=request,
            responses=WidgetSessionSerializer,
        )
        route = action(
            detail=True, methods=["post"], url_path=path, permission_classes=[OperatorPermission]
        )
        return schema(route(idempotent()(handler)))

    return decorate


class HandoffActions(OrganizationViewSet):
    """The actions of a conversation's transitions, notes and timeline."""

    @moves(
        "Take over a conversation",
        "The member answers from now on. 409 `taken` with `assignee` if another member has it.",
        "take-over",
        TakeOverSerializer,
    )
    def take_over(self, request: Request, pk: str) -> Response:
        data = read_body(TakeOverSerializer, request)
        member, actor = self._acting(data)
        staff.take_over(
            session_id=self.get_object().id,
            member=member,
            actor=actor,
            taken_from=data.get("taken_from"),
        )
        return self._moved()

    @extend_schema(
        summary="Answer a visitor",
        description=(
            "Writes a member's message, and takes over if no one has the conversation. 409 `taken` "
            "if another member has it; 409 `stale` with the newer `messages` if a colleague wrote "
            "after `after_seq`, or `revision` is old. 200 for a repeat of `client_message_id`."
        ),
        request=ReplySerializer,
        responses={201: WidgetMessageSerializer, 200: WidgetMessageSerializer},
    )
    @action(detail=True, methods=["post"], permission_classes=[OperatorPermission])
    @idempotent()
    def reply(self, request: Request, pk: str) -> Response:
        data = read_body(ReplySerializer, request)
        member, actor = self._acting(data)
        data.pop("member", None)
        message, is_new = staff.reply(
            session_id=self.get_object().id, member=member, actor=actor, **data
        )
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(WidgetMessageSerializer(message).data, code)

    @moves(
        "Give a conversation to the team",
        "From the agent or from a person: any member can claim it.",
        "release",
    )
    def release(self, request: Request, pk: str) -> Response:
        staff.release(session_id=self.get_object().id, actor=self._actor())
        return self._moved()

    @moves(
        "Return a conversation to the agent",
        "The agent answers the newest message without an answer, and all later ones.",
        "hand-back",
    )
    def hand_back(self, request: Request, pk: str) -> Response:
        staff.hand_back(session_id=self.get_object().id, actor=self._actor())
        return self._moved()

    @moves("Resolve a conversation", "Marks it as done; the visitor can go on writing.", "resolve")
    def resolve(self, request: Request, pk: str) -> Response:
        staff.resolve(session_id=self.get_object().id, actor=self._actor())
        return self._moved()

    @moves("Reopen a conversation", "Opens a resolved or snoozed conversation.", "reopen")
    def reopen(self, request: Request, pk: str) -> Response:
        staff.reopen(session_id=self.get_object().id, actor=self._actor())
        return self._moved()

    @moves(
        "Assign a conversation",
        "Gives it to a member, even if another one has it.",
        "assign",
        AssignSerializer,
    )
    def assign(self, request: Request, pk: str) -> Response:
        target = member_who_answers(self, read_body(AssignSerializer, request)["member"])
        staff.assign(session_id=self.get_object().id, target=target, actor=self._actor())
        return self._moved()

    @moves(
        "Snooze a conversation",
        "Hides it until a time, or the visitor's next message.",
        "snooze",
        SnoozeSerializer,
    )
    def snooze(self, request: Request, pk: str) -> Response:
        until = read_body(SnoozeSerializer, request)["until"]
        staff.snooze(session_id=self.get_object().id, until=until, actor=self._actor())
        return self._moved()

    @extend_schema(
        methods=["get"],
        operation_id="sessions_notes_list",
        summary="List the notes of a conversation",
        description="All notes, oldest first.",
        responses=NoteListSerializer,
    )
    @extend_schema(
        methods=["post"],
        operation_id="sessions_notes_create",
        summary="Add a note to a conversation",
        description="Visitors and agents never see notes.",
        request=NoteSerializer,
        responses={201: NoteSerializer},
    )
    @action(
        detail=True,
        methods=["get", "post"],
        permission_classes=[OperatorPermission],
        pagination_class=None,
        filter_backends=[],
    )
    def notes(self, request: Request, pk: str) -> Response:
        session = self.get_object()
        if request.method == "POST":
            return self._add_note(request, session)
        return Response({"results": NoteSerializer(session.notes.all(), many=True).data})

    @idempotent()
    def _add_note(self, request: Request, session: WidgetSession) -> Response:
        data = read_body(NoteSerializer, request)
        member, _ = self._acting(data)
        note = ConversationNote.objects.create(
            session=session, author=member.public_name, content=data["content"]
        )
        send_after_commit(Hint(session.id, is_internal=True))
        return Response(NoteSerializer(note).data, status.HTTP_201_CREATED)

    @extend_schema(
        summary="List the events of a conversation",
        description="The timeline, oldest first: who did what, and when.",
        responses=EventListSerializer,
    )
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def events(self, request: Request, pk: str) -> Response:
        rows = self.get_object().events.all()
        return Response({"results": EventSerializer(rows, many=True).data})

    def _acting(self, data: dict[str, Any]) -> tuple[Membership, Actor]:
        """Return the member who acts, and the actor for the timeline."""
        member = acting_member(self, data.get("member"))
        return member, Actor(member.public_name, member)

    def _actor(self) -> Actor:
        found = own_membership(self)
        return Actor(caller_name(self.request)[:200] if found is None else found.public_name)

    def _moved(self) -> Response:
        return Response(WidgetSessionSerializer(self.get_object()).data)
