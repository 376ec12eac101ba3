"""What open sockets must know of their widgets as these change."""

import uuid
from collections.abc import Collection
from typing import TypedDict

from widgets.models import WidgetConfig


class WidgetState(TypedDict):
    """The columns on which an open socket depends."""

    id: uuid.UUID
    widget_id: str
    enabled: bool
    allowed_origins: list[str] | None


def revocation_state(*, widget_pks: Collection[uuid.UUID]) -> dict[uuid.UUID, WidgetState]:
    """The state of these widgets by id; a deleted one is missing."""
    rows = WidgetConfig.objects.filter(id__in=widget_pks).values(
        "id", "widget_id", "enabled", "allowed_origins"
    )
    return {row["id"]: WidgetState(**row) for row in rows}
