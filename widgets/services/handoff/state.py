"""What a visitor may know of who has the conversation."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from loquent.db.compiled import PreparedQuery
from loquent.organizations.business_hours import is_open, next_opening
from loquent.organizations.models import Membership
from widgets.models import ConversationEvent, WidgetMessage, WidgetSession
from widgets.models.team import EventKind
from widgets.team_types import ConversationState, Handler, WorkStatus
from widgets.types import MessageRole

# The newest waits that count, and the bounds of the buckets in seconds.
COUNTED = 50
BUCKETS = ((5 * 60, "minutes"), (60 * 60, "hour"), (6 * 60 * 60, "hours"))


@dataclass(frozen=True, slots=True)
class FoundConversation:
    """A conversation as it stands; `unfinished`: the visitor's messages that await an answer.

    `newest_answer`: its id, which changes if it is replaced; empty without one.
    """

    state: ConversationState
    has_contact_info: bool
    last_seq: int
    newest_answer: str
    unfinished: tuple[str, ...]


class _Row(NamedTuple):
    handler: str
    status: str
    follow_up: bool
    assignee_id: uuid.UUID | None
    last_answer_status: str
    reply_email: str
    survey_open: bool
    contact_claim: Any
    last_seq: int
    handoff_enabled: bool
    organization_id: uuid.UUID
    hours: Any
    holidays: Any
    timezone: str
    newest_answer: uuid.UUID | None
    unfinished: uuid.UUID | None


_answers = WidgetMessage.objects.filter(session_id=OuterRef("id"), role=MessageRole.ASSISTANT)
# A row for each unfinished turn, or one. Whole rows of three tables would cost three times as much.
_rows = PreparedQuery(
    lambda ids: (
        WidgetSession.objects.filter(id__in=ids)
        .order_by("turns__message__seq")
        .values_list(
            "handler",
            "status",
            "follow_up",
            "assignee_id",
            "last_answer_status",
            "reply_email",
            "survey_open",
            "contact_claim",
            "last_seq",
            "widget__handoff_enabled",
            "widget__organization_id",
            "widget__organization__business_hours",
            "widget__organization__holidays",
            "widget__organization__timezone",
            Subquery(_answers.order_by("-seq").values("id")[:1]),
            "turns__message_id",
        )
    )
)


def find_conversation(*, session_id: uuid.UUID) -> FoundConversation:
    """Return a conversation, in one query, or two while the team or a person has it."""
    rows = [_Row(*row) for row in _rows([session_id])]
    if not rows:
        raise WidgetSession.DoesNotExist
    row = rows[0]
    return FoundConversation(
        state=_state(row),
        has_contact_info=row.contact_claim is not None,
        last_seq=row.last_seq,
        newest_answer=str(row.newest_answer or ""),
        unfinished=tuple(str(each.unfinished) for each in rows if each.unfinished is not None),
    )


def conversation_state(*, session_id: uuid.UUID) -> ConversationState:
    """Return the state of a conversation."""
    return find_conversation(session_id=session_id).state


def _state(row: _Row) -> ConversationState:
    has_team = row.handler != Handler.AGENT and row.status != WorkStatus.RESOLVED
    is_offered = row.handoff_enabled and not (has_team or row.follow_up)
    opening = _opening(row) if row.handoff_enabled else None
    return ConversationState(
        handler=row.handler,
        status=row.status,
        person=_public_name(row.assignee_id) if row.assignee_id is not None else None,
        can_ask_person=is_offered and row.last_answer_status != "",
        expected=_expected(row.organization_id) if row.handler == Handler.TEAM else None,
        back_at=f"{opening:%Y-%m-%dT%H:%M:%SZ}" if opening is not None else None,
        reply_email=row.reply_email != "",
        survey=row.survey_open,
        is_offered=is_offered,
    )


def _public_name(member_id: uuid.UUID) -> str | None:
    member = Membership.objects.select_related("user").filter(id=member_id).first()
    return None if member is None else member.public_name


def _opening(row: _Row) -> datetime | None:
    """Return when the team is back, in UTC, as all times on the wire; None if it is there."""
    when: dict[str, Any] = {
        "hours": row.hours,
        "holidays": row.holidays,
        "timezone": row.timezone,
        "now": timezone.now(),
    }
    if is_open(**when):
        return None
    opening = next_opening(**when)
    return None if opening is None else opening.astimezone(UTC)


def _expected(organization_id: uuid.UUID) -> str | None:
    """Return how long visitors waited lately: the median, as a bucket; None if none has waited."""
    waits = ConversationEvent.objects.filter(
        session__widget__organization_id=organization_id,
        kind__in=[EventKind.TAKEN, EventKind.ASSIGNED],
        waited_seconds__isnull=False,
    )
    newest = sorted(
        seconds
        for seconds in waits.order_by("-created_at").values_list("waited_seconds", flat=True)[
            :COUNTED
        ]
        if seconds is not None
    )
    if not newest:
        return None
    median = newest[len(newest) // 2]
    return next((name for bound, name in BUCKETS if median <= bound), "day")
