"""Who of the team looks at a conversation, and who was seen lately."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from loquent.organizations.access import RANK
from loquent.organizations.backends import signed_in_user
from loquent.organizations.models import Membership, Role
from widgets.models import WidgetSession
from widgets.services.notify.queue import note_seen_by_staff
from widgets.team_types import Handler

# A member is present for this long after their last sign; it is written this often.
PRESENT = timedelta(seconds=75)
NOTED = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class PresentMember:
    """A member at a conversation. `may_type`: the visitor may learn that they write."""

    member_id: uuid.UUID
    organization_id: uuid.UUID
    name: str
    may_type: bool


def note_presence(
    *, session_key: str, conversation_id: uuid.UUID, is_active: bool
) -> PresentMember | None:
    """Return the member of a staff browser at a conversation; None if they may not see it.

    `is_active`: they use the page, so that alerts need no other channel. A superuser from outside
    the organization is no member, and invisible.
    """
    user = signed_in_user(session_key)
    if user is None:
        return None
    rows = WidgetSession.objects.filter(
        id=conversation_id, widget__organization__memberships__user=user
    )
    found = rows.values_list("handler", "widget__organization_id").first()
    if found is None:
        return None
    handler, organization_id = found
    member = Membership.objects.select_related("user").get(
        user=user, organization_id=organization_id
    )
    if is_active:
        now = timezone.now()
        late = Q(seen_at=None) | Q(seen_at__lt=now - NOTED)
        Membership.objects.filter(late, id=member.id).update(seen_at=now)
        if RANK[member.role] >= RANK[Role.OPERATOR]:
            note_seen_by_staff(conversation_id)
    return PresentMember(
        member_id=member.id,
        organization_id=organization_id,
        name=member.public_name,
        may_type=handler != Handler.AGENT and RANK[member.role] >= RANK[Role.OPERATOR],
    )


def is_present(member: Membership) -> bool:
    """Return whether a member used a conversation's page in the last moments."""
    return member.seen_at is not None and member.seen_at > timezone.now() - PRESENT
