"""What open sockets must know of their widgets as these change."""

import uuid
from collections.abc import Collection
from typing import TypedDict

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
    """The state of these widgets by id, and those of these sessions that exist.

    What is deleted is missing. Sessions come first: one that goes with its widget is then never
    seen without the widget being gone as well.
    """
    sessions = WidgetSession.objects.filter(id__in=session_ids)
    # Nearly always all are there, and ten thousand ids take longer to read than to count.
    if sessions.count() == len(session_ids):
        existing = set(session_ids)
    else:
        existing = set(sessions.values_list("id", flat=True))
    rows = WidgetConfig.objects.filter(id__in=widget_pks).values(
        "id", "widget_id", "enabled", "allowed_origins"
    )
    return {row["id"]: WidgetState(**row) for row in rows}, existing
