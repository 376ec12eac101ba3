"""Renew the leases of running turns, and settle the turns of dead processes."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from widgets.identifiers import new_reply_id
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.actions.log import interrupt_lookups
from widgets.services.events import note_message
from widgets.services.history import append_message, message_data
from widgets.types import MessageData, MessageRole, MessageStatus, TurnState

# A process renews its leases every RENEW_SECONDS; after three missed renewals it counts as dead.
LEASE = timedelta(seconds=4)
RENEW_SECONDS = 1.0
MAX_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A turn whose process died twice. `answer` None: the message keeps its earlier answer."""

    session_id: uuid.UUID
    message_id: str
    reply_id: str
    answer: MessageData | None


@dataclass(frozen=True, slots=True)
class Settled:
    """The sessions that have a turn to run now, and the turns that were ended."""

    to_run: set[uuid.UUID]
    interrupted: list[Interrupted]


def renew_leases(*, owner: uuid.UUID, running_here: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Renew the leases of `owner` on the turns of these sessions; return the ids of its turns.

    The answer of any other turn can't be written any more: a person took over the conversation, it
    was deleted, or another process has the turn. Other turns are not renewed: a claim that was
    committed without this process learning of it must expire. Neither are new leases: most answers
    end before theirs need it.
    """
    now = timezone.now()
    old = now + LEASE - timedelta(seconds=RENEW_SECONDS / 2)
    rows = WidgetTurn.objects.filter(owner=owner, state=TurnState.RUNNING).order_by()
    ours = list(rows.values_list("id", "session_id", "lease_until"))
    here = set(running_here)
    due = [
        turn_id
        for turn_id, session_id, until in ours
        if session_id in here and (until is None or until < old)
    ]
    if due:
        rows.filter(id__in=due).update(lease_until=now + LEASE)
    return {turn_id for turn_id, _, _ in ours}


def release_turns(*, owner: uuid.UUID) -> None:
    """Return the turns of a process that is shutting down to the queue, for others to run now."""
    WidgetTurn.objects.filter(owner=owner, state=TurnState.RUNNING).update(
        state=TurnState.WAITING, owner=None, updated_at=timezone.now() - 2 * LEASE
    )


def settle_orphans(*, running_here: Collection[uuid.UUID], owner: uuid.UUID) -> Settled:
    """Requeue turns whose process died, or end them as `interrupted` the second time.

    `running_here`: sessions whose turns this process, `owner`, is running; those are no orphans.
    Without Redis this is the only process, so turns of others are settled without waiting for their
    lease to expire.
    """
    now = timezone.now()
    is_orphan = Q(lease_until__lt=now)
    if not settings.REDIS_URL:
        is_orphan |= ~Q(owner=owner)
    orphans = WidgetTurn.objects.filter(is_orphan, state=TurnState.RUNNING)
    forgotten = WidgetTurn.objects.filter(state=TurnState.WAITING, updated_at__lt=now - LEASE)
    # Nearly always there are none, and excluding the sessions here in SQL costs much more.
    here = set(running_here)
    found = [turn for turn in (orphans | forgotten).order_by() if turn.session_id not in here]
    running = [turn for turn in found if turn.state == TurnState.RUNNING]
    again = [turn.id for turn in running if turn.attempts < MAX_ATTEMPTS]
    if again:
        orphans.filter(id__in=again).update(state=TurnState.WAITING, owner=None)
    dead = [turn for turn in running if turn.attempts >= MAX_ATTEMPTS]
    interrupted = [ended for ended in map(_interrupt, dead) if ended is not None]
    if found:
        interrupt_lookups({turn.session_id for turn in found})
    return Settled(
        to_run={turn.session_id for turn in found if turn not in dead}, interrupted=interrupted
    )


def _interrupt(turn: WidgetTurn) -> Interrupted | None:
    with transaction.atomic():
        session = WidgetSession.objects.select_for_update(of=("self",)).get(id=turn.session_id)
        ended, _ = WidgetTurn.objects.filter(
            id=turn.id, owner=turn.owner, state=TurnState.RUNNING, lease_until=turn.lease_until
        ).delete()
        if not ended:
            return None
        reply_id = new_reply_id(answers=turn.message_id)
        row = None
        if not WidgetMessage.objects.filter(session=session, reply_to=turn.message_id).exists():
            row = append_message(
                session,
                id=reply_id,
                role=MessageRole.ASSISTANT,
                content="",
                status=MessageStatus.INTERRUPTED,
                reply_to_id=turn.message_id,
            )
            note_message(row)
    return Interrupted(
        session_id=session.id,
        message_id=str(turn.message_id),
        reply_id=str(reply_id),
        answer=None if row is None else message_data(row),
    )
