"""An organization's daily tokens: reserved before a model is asked, settled with what it used."""

import json
import logging
import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from loquent.agents.actions.spec import schema_of
from loquent.agents.backends.prompts import page_note
from loquent.agents.backends.registry import backend_for
from loquent.agents.metering import BYTES_PER_TOKEN, estimate_tokens
from loquent.agents.models import DailyTokenUsage, TokenReservation
from loquent.agents.search.passages import MAX_HEADING, MAXIMUM
from loquent.agents.services.loading import LoadedReply, budget_of, find_agents
from loquent.agents.types import AgentLimit, ReplyRequest
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.services.days import organization_day

logger = logging.getLogger(__name__)

TOKENS_PER_MESSAGE = 4
# After the longest turn, and the longest try to write its answer.
EXPIRY_SLACK = timedelta(minutes=2)
ENDLESS_TURN_SECONDS = 3_600
RETRY_SECONDS = 10
USED_UP = "This chat has reached its limit for today. Please come back tomorrow."
RESERVED = "Many questions are being answered right now. Please try again in a moment."


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a turn may use of its day's `budget`; `prompt_tokens` estimates its prompt alone.

    `more`: what was reserved later, because the turn asks the model again.
    """

    id: uuid.UUID
    organization_id: uuid.UUID
    day: date
    tokens: int
    prompt_tokens: int
    budget: int
    more: "list[Reservation]" = field(default_factory=list)


def estimate_prompt_tokens(request: ReplyRequest, *, max_passages: int) -> int:
    """Estimate the tokens of a prompt with at most this many passages of knowledge."""
    passages = sorted((len(entry.content) for entry in request.knowledge), reverse=True)
    knowledge = min(sum(passages), max_passages * (MAXIMUM + MAX_HEADING))
    messages = sum(
        estimate_tokens(message.content) + TOKENS_PER_MESSAGE for message in request.messages
    )
    page = estimate_tokens(page_note(request.page)) if request.page is not None else 0
    actions = sum(
        estimate_tokens(json.dumps([spec.title, spec.description, schema_of(spec.parameters)]))
        for spec in request.actions
    )
    text = estimate_tokens(request.instructions) + knowledge // BYTES_PER_TOKEN
    return text + page + messages + actions


def reserve_tokens(*, loaded: LoadedReply) -> Reservation | None:
    """Reserve the most that the reply may use; return None if nothing is counted.

    Exact at any concurrency: one conditional UPDATE decides, so that what is used and what is
    reserved never exceed the budget together. Raises `agent_unavailable` if it is used up.
    Call it outside of transactions.
    """
    if loaded.budget is None:
        return None
    now = timezone.now()
    day, seconds = organization_day(loaded.budget.timezone, now)
    backend = backend_for(loaded.model.partition(":")[0])
    prompt_tokens = estimate_prompt_tokens(loaded.request, max_passages=backend.prompt_passages)
    reservation = Reservation(
        id=uuid.uuid4(),
        organization_id=loaded.organization_id,
        day=day,
        tokens=prompt_tokens + loaded.request.max_output_tokens,
        prompt_tokens=prompt_tokens,
        budget=loaded.budget.tokens,
    )
    if _reserve(reservation, now):
        return reservation
    if _release_expired(loaded.organization_id, now) and _reserve(reservation, now):
        return reservation
    raise _refusal(reservation, seconds)


def extend_tokens(*, loaded: LoadedReply, reservation: Reservation, tokens: int) -> None:
    """Reserve more, so that the turn may use `tokens` in all; raise as `reserve_tokens`.

    As exact as the first reservation; `settle_tokens` ends both.
    """
    missing = tokens - reservation.tokens - sum(each.tokens for each in reservation.more)
    if missing <= 0 or loaded.budget is None:
        return
    now = timezone.now()
    more = replace(reservation, id=uuid.uuid4(), tokens=missing, more=[])
    # Before it is written, because the turn may be stopped during that.
    reservation.more.append(more)
    if _reserve(more, now):
        return
    if _release_expired(loaded.organization_id, now) and _reserve(more, now):
        return
    reservation.more.remove(more)
    raise _refusal(more, organization_day(loaded.budget.timezone, now)[1])


def check_tokens_left(*, agent_id: uuid.UUID) -> None:
    """Raise `agent_unavailable` if today's budget of an agent's organization is used up.

    A look ahead only: the request for a reply may need more than what is left.
    """
    found = find_agents([agent_id]).get(agent_id)
    budget = None if found is None else budget_of(found)
    if found is None or budget is None:
        return
    day, seconds = organization_day(budget.timezone, timezone.now())
    usage = DailyTokenUsage.objects.filter(organization=found.row.organization_id, day=day)
    if usage.filter(used__gte=budget.tokens).exists():
        raise ApplicationError(
            ErrorCode.AGENT_UNAVAILABLE, USED_UP, retry_after=seconds, limit=AgentLimit.TOKENS
        )


def settle_tokens(
    *,
    reservation: Reservation | None,
    input_tokens: int | None,
    output_tokens: int | None,
    answer: str | None,
) -> None:
    """Count what was used and release what was reserved; a second call does nothing.

    `input_tokens`, `output_tokens`: None means an estimate, of the prompt and of `answer`.
    `answer` None: no request was accepted, so what isn't counted is free (see TokenMeter.counts).
    """
    if reservation is None:
        return
    used = 0
    if answer is not None or input_tokens is not None:
        used += reservation.prompt_tokens if input_tokens is None else input_tokens
    if answer is not None or output_tokens is not None:
        used += estimate_tokens(answer or "") if output_tokens is None else output_tokens
    with transaction.atomic():
        of = reservation
        more = sum(each.tokens for each in of.more if _delete(each.id))
        is_ours = _end(of.id, of.organization_id, of.day, of.tokens, used, more=more)
        if is_ours and used:
            _warn_at_half(reservation, used)


def _warn_at_half(reservation: Reservation, used: int) -> None:
    """Log once per organization and day that half of its tokens are used.

    The row is locked by what was just counted, so that exactly one turn sees itself cross the line.
    """
    row = DailyTokenUsage.objects.filter(
        organization_id=reservation.organization_id, day=reservation.day
    ).first()
    if row is not None and (row.used - used) * 2 < reservation.budget <= row.used * 2:
        logger.warning(
            "Organization %s has used half of its %d tokens of %s.",
            reservation.organization_id,
            reservation.budget,
            reservation.day,
        )


def _reserve(reservation: Reservation, now: datetime) -> bool:
    if reservation.tokens > reservation.budget:
        return False
    usage = DailyTokenUsage.objects.filter(
        organization_id=reservation.organization_id, day=reservation.day
    )
    room = usage.filter(used__lte=reservation.budget - reservation.tokens - F("reserved"))
    longest = settings.LIMITS.turn_total_seconds or ENDLESS_TURN_SECONDS
    with transaction.atomic():
        if not room.update(reserved=F("reserved") + reservation.tokens):
            if usage.exists():
                return False
            DailyTokenUsage.objects.bulk_create(
                [DailyTokenUsage(organization_id=reservation.organization_id, day=reservation.day)],
                ignore_conflicts=True,
            )
            if not room.update(reserved=F("reserved") + reservation.tokens):
                return False
        TokenReservation.objects.bulk_create(
            [
                TokenReservation(
                    id=reservation.id,
                    organization_id=reservation.organization_id,
                    day=reservation.day,
                    tokens=reservation.tokens,
                    expires_at=now + timedelta(seconds=longest) + EXPIRY_SLACK,
                )
            ]
        )
    return True


def _release_expired(organization_id: uuid.UUID, now: datetime) -> int:
    """Release the reservations of turns whose process died; return their number."""
    expired = TokenReservation.objects.filter(organization_id=organization_id, expires_at__lt=now)
    released = 0
    for row in expired:
        # One transaction for each: two that release may meet in any order.
        with transaction.atomic():
            released += _end(row.id, organization_id, row.day, row.tokens, 0)
    return released


def _end(
    reservation_id: uuid.UUID,
    organization_id: uuid.UUID,
    day: date,
    tokens: int,
    used: int,
    *,
    more: int = 0,
) -> bool:
    """Return whether this call deleted the row: then it settles the reservation.

    `more`: tokens of other rows that the caller has deleted.
    """
    is_ours = _delete(reservation_id)
    if is_ours or more:
        DailyTokenUsage.objects.filter(organization_id=organization_id, day=day).update(
            reserved=F("reserved") - more - (tokens if is_ours else 0),
            used=F("used") + (used if is_ours else 0),
        )
    return is_ours


def _delete(reservation_id: uuid.UUID) -> bool:
    return bool(TokenReservation.objects.filter(id=reservation_id).delete()[0])


def _refusal(reservation: Reservation, seconds: int) -> ApplicationError:
    usage = DailyTokenUsage.objects.filter(
        organization_id=reservation.organization_id, day=reservation.day
    ).first()
    used = usage.used if usage is not None else 0
    is_used_up = used + reservation.tokens > reservation.budget
    return ApplicationError(
        ErrorCode.AGENT_UNAVAILABLE,
        USED_UP if is_used_up else RESERVED,
        retry_after=seconds if is_used_up else RETRY_SECONDS,
        limit=AgentLimit.TOKENS,
    )
