"""The rows of the inbox: one conversation in a few words."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Substr

from widgets.models import WidgetMessage, WidgetSession
from widgets.services.conversations import EXCERPT, is_waiting, visitor_name
from widgets.services.inbox.tabs import Sessions
from widgets.team_types import Handler
from widgets.types import MessageRole


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in the list. `author`: who wrote `excerpt`; "" for the visitor."""

    session: WidgetSession
    visitor: str
    author: str
    excerpt: str

    @property
    def is_waiting(self) -> bool:
        """Return whether the visitor waits for a person."""
        return is_waiting(self.session)

    @property
    def owner(self) -> str:
        """Return who has the conversation: a member's name, "AI", or "" for the team."""
        assignee = self.session.assignee
        if assignee is not None:
            return assignee.public_name
        return "AI" if self.session.handler == Handler.AGENT else ""


def load_rows(sessions: Sessions, *, most: int, skip: int = 0) -> tuple[list[Row], bool]:
    """Return at most `most` rows after the first `skip`, and whether there are more.

    The number of queries does not depend on the number of rows.
    """
    found = list(
        sessions.select_related("widget", "contact", "assignee__user")[skip : skip + most + 1]
    )
    return _rows(found[:most]), len(found) > most


def _rows(sessions: Sequence[WidgetSession]) -> list[Row]:
    last = _last_messages(session.id for session in sessions)
    rows = []
    for session in sessions:
        author, excerpt = last.get(session.id, ("", ""))
        rows.append(Row(session, visitor_name(session), author, " ".join(excerpt.split())))
    return rows


def _last_messages(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Return author and begin of the last message per session that the visitor or a person wrote.

    The agent's answer is nearly always the last one, and tells staff the least.
    """
    written = WidgetMessage.objects.filter(session=OuterRef("pk")).exclude(
        role=MessageRole.ASSISTANT
    )
    newest = (
        WidgetSession.objects.filter(id__in=list(ids))
        .order_by()
        .annotate(newest=Subquery(written.order_by("-seq").values("id")[:1]))
    )
    rows = WidgetMessage.objects.filter(id__in=newest.values("newest")).order_by()
    begun = rows.annotate(begin=Substr("content", 1, EXCERPT))
    return {
        session: (author, begin)
        for session, author, begin in begun.values_list("session_id", "author", "begin")
    }


@dataclass(frozen=True, slots=True)
class InboxState:
    """What an open inbox must know of a conversation that has changed."""

    id: uuid.UUID
    organization_id: uuid.UUID
    revision: int
    seq: int
    handler: str
    status: str
    assignee: uuid.UUID | None
    waiting_since: datetime | None


def load_states(*, ids: Iterable[uuid.UUID]) -> list[InboxState]:
    """Return the state of these conversations, in one query; deleted ones are missing."""
    rows = WidgetSession.objects.filter(id__in=list(ids)).order_by()
    return [
        InboxState(*row)
        for row in rows.values_list(
            "id",
            "widget__organization_id",
            "revision",
            "last_seq",
            "handler",
            "status",
            "assignee_id",
            "waiting_since",
        )
    ]
