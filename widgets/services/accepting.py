"""A visitor's message, written down and queued for its answer. Many at once, if many come."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from loquent.errors import ApplicationError
from loquent.metrics import MESSAGES
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.page_data import Page
from widgets.services.chat import chat_ended, check_may_write, locked_sessions, message_data
from widgets.services.limits import (
    Charge,
    DailyCap,
    charge_messages,
    daily_cap_reached,
    use_daily_messages,
)
from widgets.services.pages import page_changes
from widgets.types import MessageData, MessageRole


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """What a visitor wrote, and `page`: where they wrote it."""

    session_id: uuid.UUID
    content: str
    client_message_id: str | None
    ip: str
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A visitor's message that is committed; `is_new` is False for a repeat of its key."""

    message: MessageData
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Chat:
    """What matters here of a session, its widget and its organization: `COLUMNS`."""

    session_id: uuid.UUID
    last_seq: int
    ended_at: datetime | None
    contact_claim: Any
    page_url: str
    page_title: str
    page_referrer: str
    page_context: dict[str, Any]
    widget_pk: uuid.UUID
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
    "widget_id",
    "widget__enabled",
    "widget__contact_info_mode",
    "widget__daily_message_cap",
    "widget__organization__timezone",
)


def accept_messages(posted: Sequence[PostedMessage]) -> list[AcceptedMessage | ApplicationError]:
    """Write visitors' messages, each of another session, and queue their turns, in one transaction.

    A repeat of a key gives the first one's row and does nothing else. Refuses one message, and
    the others go on, with `contact_info_required`, `busy`, `rate_limited`, `daily_cap_reached`, or
    `forbidden` when the session or its widget has ended. What it raises has written nothing.
    """
    # Rates may have to wait for Redis, and no row lock may wait for that.
    charges = charge_messages([(str(each.session_id), each.ip) for each in posted])
    answers: list[AcceptedMessage | ApplicationError] = []
    try:
        answers = _write_messages(posted, charges)
    finally:
        is_new = [isinstance(answer, AcceptedMessage) and answer.is_new for answer in answers]
        for index, charge in enumerate(charges):
            if not (is_new and is_new[index]):
                charge.give_back()
        MESSAGES.inc(sum(is_new))
    return answers


def _write_messages(
    posted: Sequence[PostedMessage], charges: Sequence[Charge]
) -> list[AcceptedMessage | ApplicationError]:
    with transaction.atomic():
        found = locked_sessions([each.session_id for each in posted]).values_list(*COLUMNS)
        chats = {row[0]: _Chat(*row) for row in found}
        earlier = _earlier_messages(posted)
        unfinished = Counter(
            WidgetTurn.objects.filter(session_id__in=chats).values_list("session_id", flat=True)
        )
        answers: dict[uuid.UUID, AcceptedMessage | ApplicationError] = {}
        wanted: dict[uuid.UUID, list[PostedMessage]] = defaultdict(list)
        for each, charge in zip(posted, charges, strict=True):
            chat = chats.get(each.session_id)
            if row := earlier.get((each.session_id, each.client_message_id)):
                answers[each.session_id] = AcceptedMessage(message_data(row), is_new=False)
            elif refusal := _refusal(chat, unfinished[each.session_id], charge):
                answers[each.session_id] = refusal
            elif chat is not None:
                wanted[chat.widget_pk].append(each)
        # In one order for all: no deadlock.
        for widget_id in sorted(wanted):
            _use_cap(wanted[widget_id], chats, answers)
        fine = [each for each in posted if each.session_id not in answers]
        rows = _append(fine, chats)
        answers |= {row.session_id: AcceptedMessage(message_data(row), is_new=True) for row in rows}
    return [answers[each.session_id] for each in posted]


def _earlier_messages(
    posted: Sequence[PostedMessage],
) -> dict[tuple[uuid.UUID, str | None], WidgetMessage]:
    """The rows that have the keys of these messages already."""
    keys = {each.session_id: each.client_message_id for each in posted if each.client_message_id}
    if not keys:
        return {}
    rows = WidgetMessage.objects.filter(
        session_id__in=keys, client_message_id__in=set(keys.values())
    )
    return {(row.session_id, row.client_message_id): row for row in rows}


def _refusal(chat: _Chat | None, unfinished: int, charge: Charge) -> ApplicationError | None:
    if chat is None:
        return chat_ended()
    try:
        check_may_write(
            is_over=chat.ended_at is not None or not chat.is_enabled,
            contact_info_mode=chat.contact_info_mode,
            has_contact_info=chat.contact_claim is not None,
            unfinished=unfinished,
        )
    except ApplicationError as error:
        return error
    return charge.refusal


def _use_cap(
    wanted: Sequence[PostedMessage],
    chats: dict[uuid.UUID, _Chat],
    answers: dict[uuid.UUID, AcceptedMessage | ApplicationError],
) -> None:
    """Count the messages of one widget; those over its cap are refused."""
    cap = chats[wanted[0].session_id].cap
    used = use_daily_messages(cap=cap, wanted=len(wanted))
    for each in wanted[used:]:
        answers[each.session_id] = daily_cap_reached(cap=cap)


def _append(posted: Sequence[PostedMessage], chats: dict[uuid.UUID, _Chat]) -> list[WidgetMessage]:
    """The next message of each session, and its turn; the caller has locked the sessions."""
    now = timezone.now()
    rows = [
        WidgetMessage(
            session_id=each.session_id,
            seq=chats[each.session_id].last_seq + 1,
            role=MessageRole.USER,
            content=each.content,
            created_at=now,
            client_message_id=each.client_message_id,
            page_url=each.page.url if each.page is not None else "",
        )
        for each in posted
    ]
    WidgetMessage.objects.bulk_create(rows)
    WidgetTurn.objects.bulk_create(
        [WidgetTurn(session_id=row.session_id, message=row) for row in rows]
    )
    moved = {
        each.session_id: page_changes(chats[each.session_id].page, each.page) for each in posted
    }
    for session_id, changes in moved.items():
        if changes:
            WidgetSession.objects.filter(id=session_id).update(
                last_seq=F("last_seq") + 1, last_active_at=now, **changes
            )
    stayed = [session_id for session_id, changes in moved.items() if not changes]
    if stayed:
        WidgetSession.objects.filter(id__in=stayed).update(
            last_seq=F("last_seq") + 1, last_active_at=now
        )
    return rows
