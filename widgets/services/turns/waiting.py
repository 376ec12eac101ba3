"""Messages that wait for their answer: how many there are, and what is needed to answer one."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from loquent.agents.types import VisitorPage
from loquent.db.compiled import PreparedQuery
from widgets.models import WidgetTurn
from widgets.types import TurnState


@dataclass(frozen=True, slots=True)
class QueueState:
    """Turns by state, and how long the one has waited that waits longest, in seconds."""

    waiting: int
    running: int
    oldest_wait_seconds: float


def measure_queue() -> QueueState:
    """The state of the queue; one query over the turns that haven't ended."""
    is_waiting = Q(state=TurnState.WAITING)
    found = WidgetTurn.objects.aggregate(
        waiting=Count("id", filter=is_waiting),
        running=Count("id", filter=~is_waiting),
        oldest=Min("created_at", filter=is_waiting),
    )
    oldest = found["oldest"]
    wait = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return QueueState(found["waiting"], found["running"], max(wait, 0.0))


@dataclass(frozen=True, slots=True)
class QueuedTurn:
    """A turn, with what matters of its message, session and widget: `COLUMNS`."""

    id: uuid.UUID
    session_id: uuid.UUID
    state: str
    message_id: uuid.UUID
    seq: int
    content: str
    client_message_id: str | None
    last_seq: int
    page_url: str
    page_title: str
    page_context: dict[str, Any]
    page_at: datetime | None
    widget_id: str
    agent_id: uuid.UUID

    @property
    def page(self) -> VisitorPage | None:
        """What an agent is told of the visitor's page, None where nothing is known."""
        if self.page_at is None:
            return None
        return VisitorPage(self.page_url, self.page_title, self.page_context)


# Few of many: to compile and to read all of four tables would be most of a claim's cost.
COLUMNS = (
    "id",
    "session_id",
    "state",
    "message_id",
    "message__seq",
    "message__content",
    "message__client_message_id",
    "session__last_seq",
    "session__page_url",
    "session__page_title",
    "session__page_context",
    "session__page_at",
    "session__widget__widget_id",
    "session__widget__text_agent_id",
)


_turns = PreparedQuery(
    lambda ids: (
        WidgetTurn.objects.filter(session_id__in=ids).order_by("message__seq").values_list(*COLUMNS)
    )
)


def queued_turns(*, session_ids: Collection[uuid.UUID]) -> list[QueuedTurn]:
    """The turns of these sessions that have not ended, the oldest of each first; one query."""
    return [QueuedTurn(*row) for row in _turns(session_ids)]
