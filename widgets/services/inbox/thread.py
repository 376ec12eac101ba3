"""One conversation as its team sees it: who has it, notes, timeline, and what its viewer may do."""

import uuid
from dataclasses import dataclass, field

from loquent.organizations.access import RANK, answering_members
from loquent.organizations.models import Membership, Role
from widgets.models import ConversationEvent, ConversationNote, WidgetSession
from widgets.team_types import Handler, WorkStatus

# The person column shows at most this many.
MOST_EVENTS = 30
MOST_EARLIER = 10
# A conversation has few notes; the newest are shown.
MOST_NOTES = 100
MOST_COLLEAGUES = 100


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation, as one member sees it. `member` None: the viewer may only read."""

    session: WidgetSession
    member: Membership | None
    notes: list[ConversationNote] = field(default_factory=list)
    events: list[ConversationEvent] = field(default_factory=list)
    earlier: list[WidgetSession] = field(default_factory=list)
    colleagues: list[Membership] = field(default_factory=list)

    @property
    def is_mine(self) -> bool:
        """Return whether the viewer has the conversation."""
        return self.member is not None and self.session.assignee_id == self.member.id

    @property
    def is_open(self) -> bool:
        """Return whether the conversation is neither done nor snoozed."""
        return self.session.status == WorkStatus.OPEN

    @property
    def may_answer(self) -> bool:
        """Return whether the viewer may take the conversation over and answer in it."""
        session = self.session
        return self.member is not None and session.ended_at is None and self._is_handoff_on

    @property
    def _is_handoff_on(self) -> bool:
        # What people have already, they may finish.
        session = self.session
        return session.widget.handoff_enabled or session.handler != Handler.AGENT

    @property
    def why_not(self) -> str:
        """Return why the viewer can't answer; "" if they can."""
        if self.member is None:
            return "Your role can read this conversation, but not answer in it."
        if self.session.ended_at is not None:
            return "The visitor has started a new conversation. Answer there."
        if not self._is_handoff_on:
            return "Hand-off to people is off. Turn it on in the widget's settings."
        return ""

    @property
    def other(self) -> Membership | None:
        """Return the colleague who has the conversation."""
        return None if self.is_mine else self.session.assignee

    @property
    def may_release(self) -> bool:
        """Return whether it can go to the team, from the agent or a person."""
        return self.may_answer and self.session.handler != Handler.TEAM

    @property
    def may_hand_back(self) -> bool:
        """Return whether the agent can get it back."""
        wanted = self.session.handler != Handler.AGENT or self.session.follow_up
        return self.may_answer and wanted and self.is_open


def acting_member(user_id: int, session: WidgetSession) -> Membership | None:
    """Return the user's membership in the conversation's organization if it may answer."""
    member = (
        Membership.objects.filter(user_id=user_id, organization_id=session.widget.organization_id)
        .select_related("user")
        .first()
    )
    if member is None or RANK[member.role] < RANK[Role.OPERATOR]:
        return None
    return member


def _answering(organization_id: uuid.UUID) -> list[Membership]:
    """Return the members who may answer, by name."""
    members = answering_members(organization_id)
    found = members.order_by("user__username")[:MOST_COLLEAGUES]
    return sorted(found, key=lambda member: member.public_name.casefold())


def load_thread(*, session: WidgetSession, user_id: int) -> Thread:
    """Return a conversation with its notes and its timeline."""
    others = WidgetSession.objects.none()
    if session.contact_id is not None:
        others = WidgetSession.objects.filter(contact_id=session.contact_id, last_seq__gt=0)
    member = acting_member(user_id, session)
    return Thread(
        session,
        member,
        colleagues=[] if member is None else _answering(member.organization_id),
        notes=list(session.notes.order_by("-created_at", "-id")[:MOST_NOTES])[::-1],
        events=list(session.events.order_by("-created_at", "-id")[:MOST_EVENTS]),
        earlier=list(
            others.exclude(id=session.id)
            .select_related("contact")
            .order_by("-last_active_at", "-id")[:MOST_EARLIER]
        ),
    )
