"""Write visitors' messages with their turns, in batches under load."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from loquent.agents.types import VisitorPage
from loquent.db.compiled import PreparedQuery, insert_rows
from loquent.errors import ApplicationError
from loquent.telemetry.metrics import MESSAGES
from loquent.webhooks.services.events import record_events
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.attention import after_message, signs_of
from widgets.services.daily_cap import daily_cap_error, use_daily_messages
from widgets.services.events import is_first, message_events
from widgets.services.handoff.visitor import visitor_wrote
from widgets.services.history import message_data
from widgets.services.pages import page_changes
from widgets.services.rate_limits import Charge, charge_messages
from widgets.services.turns.claim import claimed_turns
from widgets.services.turns.leases import LEASE
from widgets.services.turns.locking import (
    LockedSession,
    check_may_write,
    lock_sessions,
    session_ended_error,
)
from widgets.services.turns.waiting import PendingTurn
from widgets.team_types import Handler
from widgets.types import MessageData, MessageRole, Sign, TurnState


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A visitor's message, and the page it was written on. `can_confirm`: so can its client."""

    session_id: uuid.UUID
    content: str
    client_message_id: str | None
    ip: str
    page: VisitorPage | None = None
    can_confirm: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A committed message, and its turn if claimed here; a retry with the same key is not new."""

    message: MessageData
    is_new: bool
    turn: PendingTurn | None = None


@dataclass(slots=True)
class _New:
    """A message about to be written, and its turn; `claimed` if the turn runs immediately.

    `turn` is None if a person answers.
    """

    posted: PostedMessage
    session: LockedSession
    row: WidgetMessage
    turn: WidgetTurn | None
    claimed: PendingTurn | None = None


_turns = PreparedQuery(
    lambda ids: WidgetTurn.objects.filter(session_id__in=ids).order_by().values_list("session_id")
)
_repeats = PreparedQuery(
    lambda ids, keys: (
        WidgetMessage.objects.filter(session_id__in=ids, sender="", client_message_id__in=keys)
        .order_by()
        .values_list("id")
    )
)
# Results by session.
Answers = dict[uuid.UUID, AcceptedMessage | ApplicationError]


def accept_messages(
    posted: Sequence[PostedMessage], *, owner: uuid.UUID | None
) -> list[AcceptedMessage | ApplicationError]:
    """Write messages, each of another session, and their turns, in one transaction.

    The process `owner` claims a turn if no other turn of the session is unfinished; otherwise, or
    if `owner` is None, the turn waits. A retry with the same key returns the first message and does
    nothing else. A refused message doesn't affect the others; its error is `busy`, `rate_limited`,
    `contact_info_required`, `daily_cap_reached`, or `forbidden` if the session or widget has ended.
    If this raises, nothing was written.
    """
    # Rate limits may wait for Redis, so charge them before locking any row.
    charges = charge_messages([(str(each.session_id), each.ip) for each in posted])
    answers: Answers = {}
    written: list[_New] = []
    try:
        with transaction.atomic():
            answers, new = _write_messages(posted, charges, owner)
        written = new
    finally:
        turns = {one.row.session_id: one.turn for one in written}
        for each, charge in zip(posted, charges, strict=True):
            if each.session_id not in turns:
                charge.give_back()
            elif turns[each.session_id] is None:
                charge.give_back_day()
        MESSAGES.inc(len(written))
    # The transaction is committed: nothing that could fail may follow.
    answers |= {
        one.row.session_id: AcceptedMessage(message_data(one.row), is_new=True, turn=one.claimed)
        for one in written
    }
    return [answers[each.session_id] for each in posted]


def _write_messages(
    posted: Sequence[PostedMessage], charges: Sequence[Charge], owner: uuid.UUID | None
) -> tuple[Answers, list[_New]]:
    """Return the answers to messages that are not written, and the written ones."""
    sessions = lock_sessions([each.session_id for each in posted])
    # An empty session has neither earlier messages nor turns.
    begun = {session_id for session_id, session in sessions.items() if session.last_seq}
    earlier = _earlier_messages([each for each in posted if each.session_id in begun])
    unfinished = _unfinished_turns(begun)
    answers: Answers = {}
    wanted: list[_New] = []
    now = timezone.now()
    for each, charge in zip(posted, charges, strict=True):
        session_id = each.session_id
        if row := earlier.get((session_id, each.client_message_id)):
            answers[session_id] = AcceptedMessage(message_data(row), is_new=False)
        elif refusal := _refusal_error(sessions.get(session_id), unfinished[session_id], charge):
            answers[session_id] = refusal
        else:
            session = sessions[session_id]
            is_for_agent = session.is_plain or (
                visitor_wrote(session_id=session_id, now=now) == Handler.AGENT
            )
            starts = is_for_agent and not unfinished[session_id]
            new = _new(each, session, owner if starts else None, now)
            new.turn = new.turn if is_for_agent else None
            wanted.append(new)
    # Claim before counting messages, which locks the widget's count until the transaction ends.
    if owner is not None:
        _claim([new for new in wanted if new.turn and new.turn.owner], owner)
    answers |= _use_caps([new for new in wanted if new.turn is not None])
    written = [new for new in wanted if new.session.session_id not in answers]
    _append(written, now)
    return answers, written


def _earlier_messages(
    posted: Sequence[PostedMessage],
) -> dict[tuple[uuid.UUID, str | None], WidgetMessage]:
    """Return the existing rows with the keys of these messages."""
    keys = {each.session_id: each.client_message_id for each in posted if each.client_message_id}
    found = [message_id for (message_id,) in _repeats(keys.keys(), keys.values())]
    rows = WidgetMessage.objects.in_bulk(found) if found else {}
    return {(row.session_id, row.client_message_id): row for row in rows.values()}


def _unfinished_turns(session_ids: Collection[uuid.UUID]) -> Counter[uuid.UUID]:
    """Return how many turns of each session wait or run."""
    return Counter(session_id for (session_id,) in _turns(session_ids))


def _refusal_error(
    session: LockedSession | None, unfinished: int, charge: Charge
) -> ApplicationError | None:
    if session is None:
        return session_ended_error()
    try:
        check_may_write(
            is_over=session.ended_at is not None or not session.is_enabled,
            contact_info_mode=session.contact_info_mode,
            has_contact_info=session.contact_claim is not None,
            unfinished=unfinished,
        )
    except ApplicationError as error:
        return error
    return charge.refusal_for(is_for_agent=session.is_for_agent)


def _new(
    posted: PostedMessage, session: LockedSession, owner: uuid.UUID | None, now: datetime
) -> _New:
    """Return the rows of a message; its turn is already running if there is an owner."""
    row = WidgetMessage(
        session_id=session.session_id,
        seq=session.last_seq + 1,
        role=MessageRole.USER,
        content=posted.content,
        created_at=now,
        client_message_id=posted.client_message_id,
        page_url=posted.page.url if posted.page is not None else "",
    )
    turn = WidgetTurn(session_id=row.session_id, message_id=row.id)
    turn.can_confirm = posted.can_confirm
    if owner is not None:
        turn.state, turn.owner, turn.attempts = TurnState.RUNNING, owner, 1
    return _New(posted, session, row, turn)


def _claim(running: Sequence[_New], owner: uuid.UUID) -> None:
    turns = claimed_turns(
        [_pending(new, new.turn) for new in running if new.turn is not None], owner=owner
    )
    for new, claimed in zip(running, turns, strict=True):
        new.claimed = claimed


def _pending(new: _New, turn: WidgetTurn) -> PendingTurn:
    session = new.session
    return PendingTurn(
        *(turn.id, session.session_id, turn.state, str(new.row.id)),
        client_message_id=new.row.client_message_id,
        seq=new.row.seq,
        content=new.row.content,
        last_seq=new.row.seq,
        widget_id=session.widget_id,
        agent_id=session.agent_id,
        webhooks_of=session.webhooks_of,
        page=new.posted.page or session.page,
        language=session.language,
        can_ask_person=session.can_ask_person,
        can_confirm=new.posted.can_confirm,
    )


def _use_caps(wanted: Sequence[_New]) -> Answers:
    """Count the messages of each widget; return the refusals of those over its cap."""
    by_widget: dict[uuid.UUID, list[_New]] = defaultdict(list)
    for new in wanted:
        by_widget[new.session.widget_pk].append(new)
    refusals: Answers = {}
    # All processes lock in the same order, so that they cannot deadlock.
    for widget_pk in sorted(by_widget):
        here = by_widget[widget_pk]
        cap = here[0].session.cap
        used = use_daily_messages(cap=cap, wanted=len(here))
        refusals |= {new.session.session_id: daily_cap_error(cap=cap) for new in here[used:]}
    return refusals


def _append(written: Sequence[_New], now: datetime) -> None:
    """Write the messages and their turns; the caller has locked the sessions."""
    lease_until = timezone.now() + LEASE
    turns = [new.turn for new in written if new.turn is not None]
    for new in written:
        if new.turn is not None:
            new.turn.lease_until = lease_until if new.claimed is not None else None
    insert_rows([new.row for new in written])
    insert_rows(turns)
    # Most messages say nothing special on a page already known: one statement for all of them.
    stayed: dict[Sign, list[uuid.UUID]] = defaultdict(list)
    for new in written:
        signs = signs_of(new.posted.content)
        changes = page_changes(new.session.page, new.posted.page)
        if changes:
            changes |= _noted(signs)
            _move_on([new.session.session_id], now, **changes)
        else:
            stayed[signs].append(new.session.session_id)
    for signs, session_ids in stayed.items():
        _move_on(session_ids, now, **_noted(signs))
    record_events(
        [
            event
            for new in written
            if new.session.webhooks_of is not None
            for event in message_events(
                new.row,
                organization_id=new.session.organization_id,
                widget_id=new.session.widget_id,
                starts=is_first(new.row, revision=new.session.revision),
            )
        ]
    )


def _noted(signs: Sign) -> dict[str, Any]:
    """Return the changes of a session by what its visitor has said."""
    changes: dict[str, Any] = {"signs": F("signs").bitor(signs.value)}
    if added := after_message(signs):
        changes["attention"] = F("attention").bitor(added.value)
    return changes


def _move_on(session_ids: Sequence[uuid.UUID], now: datetime, **changes: Any) -> None:
    WidgetSession.objects.filter(id__in=session_ids).update(
        last_seq=F("last_seq") + 1, last_active_at=now, **changes
    )
