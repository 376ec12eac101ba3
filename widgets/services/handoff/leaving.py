"""Return the conversations of a member who leaves, or may no longer answer, to the team (T5)."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from loquent.organizations.access import RANK
from loquent.organizations.models import Membership, Role
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.handoff.change import Actor, changing
from widgets.services.handoff.hints import Hint, send_after_commit
from widgets.services.handoff.staff import release_locked
from widgets.team_types import Handler, WorkStatus


@receiver(pre_delete, sender=Membership, dispatch_uid="handoff_member_leaves")
def _member_leaves(instance: Membership, origin: Any = None, **_: Any) -> None:
    deleted = origin.model if isinstance(origin, QuerySet) else type(origin)
    if deleted in (Membership, User):
        _release_all(instance)
    # The conversations may be deleted in the same statement, with an organization.
    _clear(instance)


@receiver(post_save, sender=Membership, dispatch_uid="handoff_role_changes")
def _role_changes(instance: Membership, created: bool, **_: Any) -> None:
    if not created and RANK[instance.role] < RANK[Role.OPERATOR]:
        _release_all(instance)
        _clear(instance)


def _release_all(member: Membership) -> None:
    held = WidgetSession.objects.filter(assignee=member, ended_at=None)
    held = held.exclude(status=WorkStatus.RESOLVED)
    for session_id in held.order_by("id").values_list("id", flat=True):
        with changing(session_id) as conversation:
            if conversation.session.assignee_id == member.id:
                release_locked(conversation, actor=Actor(), says="team")


def _clear(member: Membership) -> None:
    """Change columns only."""
    _forget_recipient(member)
    sessions = WidgetSession.objects.filter(assignee=member)
    ids = list(sessions.values_list("id", flat=True))
    if not ids:
        return
    sessions.update(handler=Handler.TEAM.value, assignee=None, revision=F("revision") + 1)
    for session_id in ids:
        send_after_commit(Hint(session_id))


@transaction.atomic
def _forget_recipient(member: Membership) -> None:
    widgets = WidgetConfig.objects.filter(organization_id=member.organization_id)
    for widget in widgets.exclude(handoff_recipients=[]).select_for_update().order_by("id"):
        kept = [each for each in widget.handoff_recipients if each != str(member.id)]
        WidgetConfig.objects.filter(id=widget.id).update(handoff_recipients=kept)
