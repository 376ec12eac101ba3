"""A POST that is sent twice happens once: what was answered under an Idempotency-Key."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import IdempotentRequest, Organization

KEPT = timedelta(hours=24)
RETRY_SECONDS = 1
MAX_KEY = 255
# PostgreSQL: the first request holds the row for longer than we wait for a lock.
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Claim:
    """The row of a request: one that was answered before where `is_repeat`."""

    row: IdempotentRequest
    is_repeat: bool


def claim_request(*, organization: Organization, caller: str, key: str, request_text: str) -> Claim:
    """Take a key for a request, in the transaction of what the request does.

    `request_text`: all that makes the request what it is; only a keyed digest of it is kept. Who
    comes while the first request is still under way waits for its end. Raises
    `idempotency_key_reused` where the key was another request's, and `request_in_progress` where
    the first one takes too long.
    """
    mine = IdempotentRequest.objects.filter(organization=organization, caller=caller, key=key)
    fingerprint = _fingerprint(request_text)
    mine.filter(created_at__lte=timezone.now() - KEPT).delete()
    row = IdempotentRequest(
        organization=organization, caller=caller, key=key, fingerprint=fingerprint
    )
    try:
        IdempotentRequest.objects.bulk_create([row], ignore_conflicts=True)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise _in_progress() from None
    found = mine.first()
    if found is None:
        raise _in_progress()
    if found.id == row.id:
        return Claim(found, is_repeat=False)
    if found.fingerprint != fingerprint:
        raise ApplicationError(
            ErrorCode.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used for a different request. Use a new key for a new "
            "request.",
            fields={"Idempotency-Key": ["It was used for a different request."]},
        )
    return Claim(found, is_repeat=True)


def keep_answer(*, row: IdempotentRequest, status: int, headers: dict[str, str], body: str) -> None:
    """Remember what was answered, in the transaction of what was done."""
    IdempotentRequest.objects.filter(id=row.id).update(status=status, headers=headers, body=body)


def forget_answers(*, organization_id: uuid.UUID, about: uuid.UUID) -> int:
    """Forget the answers in which a row that is erased stands; gives how many."""
    answers = IdempotentRequest.objects.filter(
        organization_id=organization_id, body__contains=str(about)
    )
    return answers.delete()[0]


def old_answers(*, now: datetime) -> models.QuerySet[IdempotentRequest]:
    """The answers whose time is over."""
    return IdempotentRequest.objects.filter(created_at__lt=now - KEPT)


def _in_progress() -> ApplicationError:
    return ApplicationError(
        ErrorCode.REQUEST_IN_PROGRESS,
        "A request with this Idempotency-Key is still in progress. Try again in a moment.",
        retry_after=RETRY_SECONDS,
    )


def _fingerprint(text: str) -> str:
    return salted_hmac("loquent.idempotency", text, algorithm="sha256").hexdigest()
