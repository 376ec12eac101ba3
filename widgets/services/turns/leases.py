"""Renew the leases of running turns, and settle the turns of dead processes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from widgets.identifiers import new_reply_id
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
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


def renew_leases(*, owner: uuid.UUID, running_here: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Renew the leases of `owner` on the turns of these sessions; return the ids of those turns.

    The answer of any other turn can't be written any more: a person took over the conversation, it
    was deleted, or another process has the turn. Other turns are not renewed: a claim that was
    committed without this process learning of it must expire.
    """
    ours = WidgetTurn.objects.filter(
        owner=owner, state=TurnState.RUNNING, session_id__in=running_here
    )
    ours.update(lease_until=timezone.now() + LEASE)
    return set(ours.values_list("id", flat=True))


def release_turns(*, owner: uuid.UUID) -> None:
    """Return the turns of a process that is shutting down to the queue, for others to run now."""
    WidgetTurn.objects.filter(owner=owner, state=TurnState.RUNNING).update(
        state=TurnState.WAITING, owner=None, updated_at=timezone.now() - 2 * LEASE
    )


def settle_orphans(*, running_here: Sequence[uuid.UUID], owner: uuid.UUID) -> Settled:
    """Requeue turns whose process died, or end them as `interrupted` the second time.

    `running_here`: sessions whose turns this process, `owner`, is running; those are no orphans.
    Without Redis this is the only process, so turns of others are settled without waiting for their
    lease to expire.
    """
    now = timezone.now()
    is_orphan = Q(lease_until__lt=now)
    if not settings.REDIS_URL:
        is_orphan |= ~Q(owner=owner)
    orphans = WidgetTurn.objects.filter(is_orphan, state=TurnState.RUNNING).exclude(
        session_id__in=running_here
    )
    again = orphans.filter(attempts__lt=MAX_ATTEMPTS)
    to_run = set(again.values_list("session_id", flat=True))
    again.update(state=TurnState.WAITING, owner=None)
    interrupted = [_interrupt(turn) for turn in orphans.filter(attempts__gte=MAX_ATTEMPTS)]
    forgotten = WidgetTurn.objects.filter(
        state=TurnState.WAITING, updated_at__lt=now - LEASE
    ).exclude(session_id__in=running_here)
    to_run |= set(forgotten.values_list("session_id", flat=True))
    return Settled(to_run, [ended for ended in interrupted if ended is not None])


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
