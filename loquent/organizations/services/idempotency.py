"""Make POST requests idempotent: store and replay the response under an Idempotency-Key."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import IdempotentRequest, Organization
from loquent.tokens import secret_keys

KEPT = timedelta(hours=24)
RETRY_SECONDS = 1
MAX_KEY = 255
# On PostgreSQL: the first request still holds the row after our lock timeout.
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Claim:
    """The row of a request; `is_repeat` if it was already answered."""

    row: IdempotentRequest
    is_repeat: bool


def claim_request(*, organization: Organization, caller: str, key: str, request_text: str) -> Claim:
    """Claim a key for a request, in the transaction of the request's effects.

    `request_text`: everything that identifies the request; only a keyed digest of it is stored. A
    concurrent retry waits until the first request ends. Raises `idempotency_key_reused` if the key
    was used for a different request, and `request_in_progress` if the first one takes too long.
    """
    mine = IdempotentRequest.objects.filter(organization=organization, caller=caller, key=key)
    fingerprint, *earlier = _fingerprints(request_text)
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
    if found.fingerprint not in (fingerprint, *earlier):
        raise ApplicationError(
            ErrorCode.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used for a different request. Use a new key for a new "
            "request.",
            fields={"Idempotency-Key": ["It was used for a different request."]},
        )
    return Claim(found, is_repeat=True)


def keep_answer(*, row: IdempotentRequest, status: int, headers: dict[str, str], body: str) -> None:
    """Store the response, in the transaction of the request's effects."""
    IdempotentRequest.objects.filter(id=row.id).update(status=status, headers=headers, body=body)


def forget_answers(*, organization_id: uuid.UUID, about: uuid.UUID) -> int:
    """Delete the stored responses that contain an erased row; return how many."""
    answers = IdempotentRequest.objects.filter(
        organization_id=organization_id, body__contains=str(about)
    )
    return answers.delete()[0]


def old_answers(*, now: datetime) -> models.QuerySet[IdempotentRequest]:
    """Return the stored responses past their retention period."""
    return IdempotentRequest.objects.filter(created_at__lt=now - KEPT)


def _in_progress() -> ApplicationError:
    return ApplicationError(
        ErrorCode.REQUEST_IN_PROGRESS,
        "A request with this Idempotency-Key is still in progress. Try again in a moment.",
        retry_after=RETRY_SECONDS,
    )


def _fingerprints(text: str) -> list[str]:
    return [
        salted_hmac("loquent.idempotency", text, secret=key, algorithm="sha256").hexdigest()
        for key in secret_keys()
    ]
