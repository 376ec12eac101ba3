"""Decide whether open sockets may stay: visitors' by their widget, staff's by their account."""

import uuid
from collections.abc import Collection
from typing import TypedDict

from loquent.organizations.access import visible_organizations
from loquent.organizations.backends import signed_in_user
from widgets.models import WidgetConfig, WidgetSession


class WidgetState(TypedDict):
    """The columns on which an open socket depends."""

    id: uuid.UUID
    widget_id: str
    enabled: bool
    allowed_origins: list[str] | None


def revocation_state(
    *, widget_pks: Collection[uuid.UUID], session_ids: Collection[uuid.UUID]
) -> tuple[dict[uuid.UUID, WidgetState], set[uuid.UUID]]:
    """Return the state of these widgets by id, and those of these sessions that exist.

    Deleted rows are missing. Sessions are read first, so that a session deleted with its widget is
    never reported while the widget still appears.
    """
    sessions = WidgetSession.objects.filter(id__in=session_ids)
    # Nearly always all exist, and counting ten thousand rows is faster than reading their ids.
    if sessions.count() == len(session_ids):
        existing = set(session_ids)
    else:
        existing = set(sessions.values_list("id", flat=True))
    rows = WidgetConfig.objects.filter(id__in=widget_pks).values(
        "id", "widget_id", "enabled", "allowed_origins"
    )
    return {row["id"]: WidgetState(**row) for row in rows}, existing


def may_watch(*, session_key: str, conversation_id: uuid.UUID) -> bool:
    """Return whether a staff browser, known by its session key, may watch a conversation live.

    False if it is not logged in, belongs to another organization, or the conversation is gone.
    """
    user = signed_in_user(session_key)
    if user is None:
        return False
    return WidgetSession.objects.filter(
        id=conversation_id, widget__organization__in=visible_organizations(user)
    ).exists()


def watched_organizations(*, session_key: str) -> frozenset[uuid.UUID] | None:
    """Return the organizations whose inbox a staff browser may watch; None if there are none.

    None as well if the browser is not logged in.
    """
    user = signed_in_user(session_key)
    if user is None:
        return None
    return frozenset(visible_organizations(user).values_list("id", flat=True)) or None
