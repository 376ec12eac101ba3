"""What refuses a member's action in a conversation."""

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from loquent.errors import ApplicationError, ConflictError, ErrorCode, invalid
from loquent.organizations.access import RANK
from loquent.organizations.models import Membership, Role
from widgets.models import WidgetMessage
from widgets.services.handoff.change import Conversation
from widgets.team_types import Handler
from widgets.types import MessageRole

# No page can show the last times of the calendar in every time zone.
LATEST = timedelta(days=36_500)


def check_until(until: datetime) -> None:
    """Raise `invalid` for an end that is over, or further away than anyone plans."""
    now = timezone.now()
    if until <= now:
        raise invalid({"until": ["Choose a time in the future."]})
    if until > now + LATEST:
        raise invalid({"until": ["Choose a time within 100 years."]})


def check_answers(member: Membership) -> None:
    """Raise `forbidden` for a member who may no longer answer since the request has begun."""
    role = Membership.objects.filter(id=member.id).values_list("role", flat=True).first()
    if role is None or RANK[role] < RANK[Role.OPERATOR]:
        raise ApplicationError(ErrorCode.FORBIDDEN, "This member may no longer answer.")


def check_open(conversation: Conversation) -> None:
    """Raise `conflict` if the visitor has left the conversation, or hand-off is off."""
    session = conversation.session
    if session.ended_at is not None:
        raise ApplicationError(
            ErrorCode.CONFLICT, "The visitor has started a new conversation. Answer there."
        )
    # What people have already, they may finish.
    if not session.widget.handoff_enabled and session.handler == Handler.AGENT:
        raise ApplicationError(
            ErrorCode.CONFLICT, "Hand-off to people is off. Turn it on in the widget's settings."
        )


def check_not_taken(
    conversation: Conversation, member: Membership, taken_from: uuid.UUID | None
) -> None:
    """Raise `taken` if another member than `taken_from` has the conversation."""
    assignee = conversation.session.assignee
    if assignee is None or assignee.id in (member.id, taken_from):
        return
    name = assignee.public_name
    raise ConflictError(
        ErrorCode.TAKEN,
        f"{name} has this conversation.",
        details={"assignee": {"id": str(assignee.id), "name": name}},
    )


def check_fresh(
    conversation: Conversation, member: Membership, after_seq: int | None, revision: int | None
) -> None:
    """Raise `stale` if a colleague wrote after `after_seq`, or the revision is another."""
    session = conversation.session
    newer = WidgetMessage.objects.none()
    if after_seq is not None:
        newer = WidgetMessage.objects.filter(
            session=session, role=MessageRole.STAFF, seq__gt=after_seq
        ).exclude(sender=str(member.id))
    found = list(newer.order_by("seq"))
    if found or revision not in (None, session.revision):
        raise ConflictError(
            ErrorCode.STALE,
            "This conversation has changed. Read it again before you send.",
            details={
                "messages": [
                    {
                        "id": str(row.id),
                        "seq": row.seq,
                        "content": row.content,
                        "author": {"name": row.author},
                    }
                    for row in found
                ],
                "revision": session.revision,
            },
        )
