"""Return the conversations of a member who leaves, or may no longer answer, to the team."""

from typing import Any

from django.db.models import F
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from loquent.organizations.access import RANK
from loquent.organizations.models import Membership, Role
from widgets.models import WidgetSession
from widgets.services.handoff.hints import Hint, send_after_commit
from widgets.team_types import Handler


@receiver(pre_delete, sender=Membership, dispatch_uid="handoff_member_leaves")
def _member_leaves(instance: Membership, **_: Any) -> None:
    _return_all(instance)


@receiver(post_save, sender=Membership, dispatch_uid="handoff_role_changes")
def _role_changes(instance: Membership, created: bool, **_: Any) -> None:
    if not created and RANK[instance.role] < RANK[Role.OPERATOR]:
        _return_all(instance)


def _return_all(member: Membership) -> None:
    """Change columns only: the sessions may be deleted in the same transaction."""
    sessions = WidgetSession.objects.filter(assignee=member)
    ids = list(sessions.values_list("id", flat=True))
    if not ids:
        return
    sessions.update(handler=Handler.TEAM.value, assignee=None, revision=F("revision") + 1)
    for session_id in ids:
        send_after_commit(Hint(session_id))
