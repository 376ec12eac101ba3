"""Lock sessions, and decide whether a visitor may write to one."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from loquent.agents.types import VisitorPage
from loquent.db.compiled import PreparedQuery
from loquent.errors import ApplicationError, ErrorCode
from widgets.models import WidgetSession
from widgets.services.daily_cap import DailyCap
from widgets.team_types import Handler, WorkStatus
from widgets.types import ContactInfoMode, LimitKind
from widgets.visitor_page import PAGE_COLUMNS, stored_page


def lock_session(session_id: uuid.UUID) -> WidgetSession:
    """Return the session, its row locked for the transaction; raise `forbidden` if it is gone.

    Locked before it is read: PostgreSQL would join the rows from before the wait for the lock, such
    as no assignee to a session that has one since.
    """
    if not locked_sessions([session_id]).values_list("id"):
        raise session_ended_error()
    sessions = WidgetSession.objects.select_related("widget__organization", "assignee__user")
    return sessions.get(id=session_id)


def locked_sessions(session_ids: Iterable[uuid.UUID]) -> QuerySet[WidgetSession]:
    """Return those of the sessions that exist; reading them locks them for the transaction.

    Every caller locks in the same order, so that two of them cannot deadlock.
    """
    sessions = WidgetSession.objects.select_for_update(of=("self",))
    return sessions.filter(id__in=session_ids).order_by("id")


def session_ended_error() -> ApplicationError:
    return ApplicationError(ErrorCode.FORBIDDEN, "This chat has ended.")


def check_may_write(
    *, is_over: bool, contact_info_mode: str, has_contact_info: bool, unfinished: int
) -> None:
    """Raise `forbidden` if the session has ended, `contact_info_required`, or `busy`.

    `unfinished`: the number of unfinished turns of the session; too many of them raise `busy`.
    """
    if is_over:
        raise session_ended_error()
    if contact_info_mode == ContactInfoMode.REQUIRED and not has_contact_info:
        raise ApplicationError(
            ErrorCode.CONTACT_INFO_REQUIRED, "Please leave your contact information first."
        )
    waiting = settings.LIMITS.queue_waiting
    if waiting and unfinished > waiting:
        raise ApplicationError(
            ErrorCode.BUSY,
            "Please wait for the answers to your earlier messages.",
            limit=LimitKind.BUSY,
        )


@dataclass(frozen=True, slots=True)
class LockedSession:
    """The columns of session, widget and organization that a new message needs."""

    session_id: uuid.UUID
    last_seq: int
    ended_at: datetime | None
    contact_claim: Any
    widget_pk: uuid.UUID
    widget_id: str
    agent_id: uuid.UUID
    is_enabled: bool
    contact_info_mode: str
    daily_message_cap: int | None
    timezone: str
    organization_id: uuid.UUID
    has_webhooks: bool
    language: str
    handler: str
    work_status: str
    revision: int
    can_ask_person: bool
    page: VisitorPage | None

    @property
    def is_for_agent(self) -> bool:
        """Return whether the agent answers, as long as the team has nothing to do with it."""
        return self.handler == Handler.AGENT

    @property
    def is_plain(self) -> bool:
        """Return whether a message needs no more than its turn: the usual case."""
        return self.is_for_agent and self.work_status == WorkStatus.OPEN

    @property
    def cap(self) -> DailyCap:
        return DailyCap(self.widget_pk, self.daily_message_cap, self.timezone)

    @property
    def webhooks_of(self) -> uuid.UUID | None:
        """Return the organization whose webhooks hear of this session; None without any."""
        return self.organization_id if self.has_webhooks else None


# Only the columns we need: loading full rows of three tables dominated the cost of a message.
COLUMNS = (
    "id",
    "last_seq",
    "ended_at",
    "contact_claim",
    "widget_id",
    "widget__widget_id",
    "widget__text_agent_id",
    "widget__enabled",
    "widget__contact_info_mode",
    "widget__daily_message_cap",
    "widget__organization__timezone",
    "widget__organization_id",
    "widget__organization__has_webhooks",
    "language",
    "handler",
    "status",
    "revision",
    "widget__handoff_enabled",
    *PAGE_COLUMNS,
)


_rows = PreparedQuery(lambda ids: locked_sessions(ids).values_list(*COLUMNS))


def lock_sessions(session_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, LockedSession]:
    """Return those of the sessions that exist, locked until the transaction ends."""
    return {row[0]: _locked_session(*row) for row in _rows(session_ids)}


def _locked_session(*row: Any) -> LockedSession:
    *columns, url, title, referrer, context, at = row
    columns.append(stored_page(url, title, referrer, context, at))
    return LockedSession(*columns)
