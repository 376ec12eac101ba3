"""What a visitor may know of who has the conversation."""

import uuid
from datetime import UTC, datetime

from django.utils import timezone

from loquent.organizations.business_hours import is_open, next_opening
from loquent.organizations.models import Organization
from widgets.models import ConversationEvent, WidgetSession
from widgets.models.team import EventKind
from widgets.team_types import ConversationState, Handler, WorkStatus

# The newest waits that count, and the bounds of the buckets in seconds.
COUNTED = 50
BUCKETS = ((5 * 60, "minutes"), (60 * 60, "hour"), (6 * 60 * 60, "hours"))


def conversation_state(*, session_id: uuid.UUID) -> ConversationState:
    """Return the state of a conversation, in one query, or two while a person is expected."""
    rows = WidgetSession.objects.select_related("widget__organization", "assignee__user")
    session = rows.get(id=session_id)
    organization = session.widget.organization
    has_team = session.handler != Handler.AGENT and session.status != WorkStatus.RESOLVED
    is_wanted = has_team or session.follow_up
    is_offered = session.widget.handoff_enabled and not is_wanted
    opening = _opening(organization, timezone.now())
    return ConversationState(
        handler=session.handler,
        status=session.status,
        person=session.assignee.public_name if session.assignee is not None else None,
        can_ask_person=is_offered and session.last_answer_status != "",
        expected=_expected(organization) if session.handler == Handler.TEAM else None,
        back_at=f"{opening:%Y-%m-%dT%H:%M:%SZ}"
        if opening is not None and session.widget.handoff_enabled
        else None,
        reply_email=session.reply_email != "",
        survey=session.survey_open,
        is_offered=is_offered,
    )


def _opening(organization: Organization, now: datetime) -> datetime | None:
    hours, holidays, zone = (
        organization.business_hours,
        organization.holidays,
        organization.timezone,
    )
    if is_open(hours=hours, holidays=holidays, timezone=zone, now=now):
        return None
    opening = next_opening(hours=hours, holidays=holidays, timezone=zone, now=now)
    # In UTC, as all times on the wire.
    return None if opening is None else opening.astimezone(UTC)


def _expected(organization: Organization) -> str | None:
    """Return how long visitors waited lately: the median, as a bucket; None if none has waited."""
    waits = ConversationEvent.objects.filter(
        session__widget__organization=organization,
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
