"""The states of what agents call and propose, and how sockets see a proposal."""

from typing import Any, TypedDict

from django.db import models


class ActionStatus(models.TextChoices):
    """Whether the visitor has confirmed a change."""

    WAITING = "waiting", "Waiting for the visitor"
    CONFIRMED = "confirmed", "Confirmed"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"


class CallEnd(models.TextChoices):
    """How a call of an action ended."""

    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Not known"
    REFUSED = "refused", "Not sent"
    INTERRUPTED = "interrupted", "Interrupted"


class ActionData(TypedDict):
    """A change that an answer proposes, as sockets use it."""

    id: str
    title: str
    arguments: dict[str, Any]
    status: str


def is_waiting(action: ActionData | None) -> bool:
    """Return whether a message with this proposal waits for the visitor."""
    return action is not None and action["status"] == ActionStatus.WAITING
