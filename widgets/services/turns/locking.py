"""What a visitor's new message has to know of its conversation, read in one query."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loquent.db.compiled import PreparedQuery
from widgets.services.chat import locked_sessions
from widgets.services.rate_limits import DailyCap
from widgets.visitor_page import Page


@dataclass(frozen=True, slots=True)
class LockedChat:
    """What matters for a new message of a session, its widget and organization: `COLUMNS`."""

    session_id: uuid.UUID
    last_seq: int
    ended_at: datetime | None
    contact_claim: Any
    page_url: str
    page_title: str
    page_referrer: str
    page_context: dict[str, Any]
    page_at: datetime | None
    widget_pk: uuid.UUID
    widget_id: str
    agent_id: uuid.UUID
    is_enabled: bool
    contact_info_mode: str
    daily_message_cap: int | None
    timezone: str

    @property
    def cap(self) -> DailyCap:
        return DailyCap(self.widget_pk, self.daily_message_cap, self.timezone)

    @property
    def page(self) -> Page:
        return Page(self.page_url, self.page_title, self.page_referrer, self.page_context)


# Few of many: to compile and to read all of three tables would be most of a message's cost.
COLUMNS = (
    "id",
    "last_seq",
    "ended_at",
    "contact_claim",
    "page_url",
    "page_title",
    "page_referrer",
    "page_context",
    "page_at",
    "widget_id",
    "widget__widget_id",
    "widget__text_agent_id",
    "widget__enabled",
    "widget__contact_info_mode",
    "widget__daily_message_cap",
    "widget__organization__timezone",
)


_rows = PreparedQuery(lambda ids: locked_sessions(ids).values_list(*COLUMNS))


def lock_chats(session_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, LockedChat]:
    """Those of the sessions that are there, locked until the transaction ends."""
    return {row[0]: LockedChat(*row) for row in _rows(session_ids)}
