"""The words of webhooks: types of events, formats, and the data that crosses the layers."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.db import models


class EventType(models.TextChoices):
    """What can happen. Those of the hand-off can be subscribed to before they occur."""

    CONVERSATION_STARTED = "conversation.started", "A visitor wrote the first message"
    MESSAGE_CREATED = "message.created", "A visitor or an agent wrote a message"
    PERSON_WANTED = "conversation.person_wanted", "A visitor asked for a person"
    TAKEN_OVER = "conversation.taken_over", "A member of staff took over a conversation"
    RELEASED = "conversation.released", "A member of staff released a conversation"
    HANDED_BACK = "conversation.handed_back", "A conversation went back to the agent"
    RESOLVED = "conversation.resolved", "A conversation was resolved"
    CONTACT_CREATED = "contact.created", "A contact was created"
    CONTACT_UPDATED = "contact.updated", "A contact was changed"
    ANSWER_FAILED = "answer.failed", "An agent could not answer"
    FEEDBACK_RECEIVED = "feedback.received", "A visitor rated an answer"
    LIMIT_REACHED = "limit.reached", "A limit refused a visitor, for the first time that day"
    PING = "ping", "A test"


ALL_EVENTS = "*"


class Format(models.TextChoices):
    """What the receiver understands."""

    STANDARD = "standard", "Standard Webhooks (JSON, signed)"
    SLACK = "slack", "Slack"
    DISCORD = "discord", "Discord"
    TELEGRAM = "telegram", "Telegram"
    TEAMS = "teams", "Microsoft Teams"


class DeliveryStatus(models.TextChoices):
    """Where a delivery is."""

    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


class DisabledReason(models.TextChoices):
    """Why the server disabled a webhook."""

    GONE = "gone", "The receiver answered 410 Gone"
    FAILING = "failing", "All deliveries failed for five days"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happens in the caller's transaction.

    data: ids, numbers and times only; texts are read when the event is sent (`texts.py`).
    session_id, contact_id: whose erasure deletes the event.
    """

    type: EventType
    organization_id: uuid.UUID
    data: Mapping[str, Any] = field(default_factory=dict)
    session_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None


class EndpointData(TypedDict, total=False):
    """What an owner sets of a webhook."""

    url: str
    events: list[str]
    format: str
    include_text: bool
    enabled: bool
    description: str
