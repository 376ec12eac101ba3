"""Who of the team can answer now."""

from datetime import datetime

from django.db import transaction

from loquent.errors import invalid
from loquent.organizations.models import Membership
from widgets.models import WidgetSession
from widgets.services.handoff.change import Actor, changing
from widgets.services.handoff.checks import check_until
from widgets.services.handoff.staff import release_locked
from widgets.team_types import WorkStatus


def set_availability(
    *, member: Membership, is_away: bool, until: datetime | None = None
) -> Membership:
    """Set a member online or away; `until`: they are online again after this time.

    Going away returns the member's conversations in which a visitor waits to the team (T5).
    """
    if until is not None and not is_away:
        raise invalid({"until": ["Send `until` only with the status `away`."]})
    if until is not None:
        check_until(until)
    with transaction.atomic():
        member.is_away, member.away_until = is_away, until
        member.save(update_fields=["is_away", "away_until", "updated_at"])
        if is_away:
            _return_waiting(member)
    return member


def _return_waiting(member: Membership) -> None:
    waiting = WidgetSession.objects.filter(
        assignee=member, waiting_since__isnull=False, status=WorkStatus.OPEN
    )
    for session_id in waiting.order_by("id").values_list("id", flat=True):
        with changing(session_id) as conversation:
            session = conversation.session
            if session.assignee_id == member.id and session.waiting_since is not None:
                release_locked(conversation, actor=Actor(member.public_name, member), says="team")
