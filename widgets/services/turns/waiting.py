"""Count unfinished turns, and load what is needed to run them."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from loquent.agents.services import FoundAgent, needs_database
from loquent.agents.types import ChatMessage, VisitorPage
from loquent.db.compiled import PreparedQuery
from widgets.models import WidgetTurn
from widgets.types import TurnState
from widgets.visitor_page import PAGE_COLUMNS, stored_page


@dataclass(frozen=True, slots=True)
class QueueState:
    """The number of turns by state, and the longest wait in seconds."""

    waiting: int
    running: int
    oldest_wait_seconds: float


def measure_queue() -> QueueState:
    """Return the state of the queue, in one query over the unfinished turns."""
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
class PendingTurn:
    """An unfinished turn, with what its answer needs.

    The process that claims the turn sets `owner` and the fields below it. `replaces`: the
    message's earlier answer, if the answer is regenerated. `webhooks_of`: the organization, if it
    has webhooks. `can_ask_person`: the agent may call a person. `can_confirm`: the visitor can
    confirm changes.
    """

    turn_id: uuid.UUID
    session_id: uuid.UUID
    state: str
    message_id: str
    client_message_id: str | None
    seq: int
    content: str
    last_seq: int
    widget_id: str
    agent_id: uuid.UUID
    webhooks_of: uuid.UUID | None
    page: VisitorPage | None
    language: str = ""
    can_ask_person: bool = False
    can_confirm: bool = False
    owner: uuid.UUID | None = None
    reply_id: str = ""
    agent: FoundAgent | None = None
    messages: list[ChatMessage] = field(default_factory=list)
    replaces: uuid.UUID | None = None

    @property
    def needs_database(self) -> bool:
        """Return whether `begin_turn` runs queries and must be called on a database thread."""
        return needs_database(self.agent)


# Only the columns we need: loading full rows of four tables dominated the cost of a claim.
COLUMNS = (
    "id",
    "session_id",
    "state",
    "message_id",
    "message__client_message_id",
    "message__seq",
    "message__content",
    "session__last_seq",
    "session__widget__widget_id",
    "session__widget__text_agent_id",
    "session__widget__organization_id",
    "session__widget__organization__has_webhooks",
    "session__widget__handoff_enabled",
    *(f"session__{column}" for column in PAGE_COLUMNS),
    "session__language",
    "can_confirm",
)


_turns = PreparedQuery(
    lambda ids: (
        WidgetTurn.objects.filter(session_id__in=ids).order_by("message__seq").values_list(*COLUMNS)
    )
)


def pending_turns(*, session_ids: Collection[uuid.UUID]) -> list[PendingTurn]:
    """Return the turns of these sessions that have not ended, by `seq`, in one query."""
    return [_pending_turn(*row) for row in _turns(session_ids)]


def _pending_turn(
    turn_id: uuid.UUID, session_id: uuid.UUID, state: str, message_id: uuid.UUID, *columns: Any
) -> PendingTurn:
    *most, language, can_confirm = columns
    *others, organization_id, has_webhooks, can_ask_person = most[: -len(PAGE_COLUMNS)]
    others.append(organization_id if has_webhooks else None)
    others.append(stored_page(*most[-len(PAGE_COLUMNS) :]))
    others += [language, can_ask_person, can_confirm]
    return PendingTurn(turn_id, session_id, state, str(message_id), *others)
