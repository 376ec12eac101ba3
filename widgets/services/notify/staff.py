"""Send a member an email about a waiting visitor: to one person, and only if it still matters."""

import uuid

from django.db import transaction
from django.utils import timezone

from loquent.mailing.tasks import send_mail
from loquent.organizations.models import Availability, Membership, Organization, Role
from widgets.models import Notification, WidgetSession
from widgets.models.notifications import Channel, NotificationState
from widgets.services.handoff.presence import is_present
from widgets.services.notify.queue import wanted_in

WAITING_LETTER = "visitor-waiting"
TEST_LETTER = "notification-test"


def send_to_staff(*, notification_id: uuid.UUID) -> None:
    """Choose who is told, and hand the mail over; do nothing if it is void or sent."""
    with transaction.atomic():
        row = (
            Notification.objects.select_for_update(of=("self",))
            .filter(id=notification_id, state=NotificationState.WAITING)
            .select_related("session__widget__organization", "session__assignee__user")
            .first()
        )
        if row is None:
            return
        member = recipient(row.session) if is_due(row) else None
        row.state = NotificationState.VOID if member is None else NotificationState.SENT
        row.member, row.sent_at = member, None if member is None else timezone.now()
        row.save()
        if member is not None:
            send_mail(
                letter=WAITING_LETTER,
                to=member.user.email,
                about=row.id,
                organization_id=member.organization_id,
            )


def is_due(row: Notification) -> bool:
    """Return whether the visitor still waits as they did when the notification was written."""
    since = wanted_in(row.session).since
    return row.channel == Channel.STAFF_MAIL and since is not None and since == row.waiting_since


def recipient(session: WidgetSession) -> Membership | None:
    """Return the one member to write to; None if all who want mail were told of this wait.

    The assignee, else a member who is present, else one of the widget's recipients, else an owner;
    the earliest of equals. Members who are away are chosen last.
    """
    told = Notification.objects.filter(
        session=session, waiting_since=session.waiting_since, channel=Channel.STAFF_MAIL
    )
    known = set(told.filter(state=NotificationState.SENT).values_list("member_id", flat=True))
    found = members_with_mail(session.widget.organization)
    members = [member for member in found if member.id not in known]
    if session.assignee is not None:
        mine = [member for member in members if member.id == session.assignee_id]
        if mine:
            return mine[0]
    here = [member for member in members if member.availability == Availability.ONLINE]
    present = [member for member in here if is_present(member)]
    wanted = set(session.widget.handoff_recipients)
    chosen = [member for member in members if str(member.id) in wanted]
    owners = [member for member in members if member.role == Role.OWNER]
    free = [member for member in [*chosen, *owners] if member in here]
    return next(iter([*present, *free, *here, *chosen, *owners]), None)


def members_with_mail(organization: Organization) -> list[Membership]:
    """Return the members to whom mail about waiting visitors may go, in order."""
    rows = Membership.objects.filter(
        organization=organization, wants_mail=True, user__is_active=True
    )
    rows = rows.exclude(role=Role.VIEWER).exclude(user__email="")
    return list(rows.select_related("user").order_by("created_at", "id"))
