"""How many messages wait for their answer, in the whole deployment."""

from dataclasses import dataclass

from django.db.models import Count, Min, Q
from django.utils import timezone

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
