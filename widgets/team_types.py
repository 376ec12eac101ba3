"""The enums of the hand-off between the agent and people, and what a visitor may know of it."""

from dataclasses import dataclass
from typing import TypedDict

from django.db import models


class Handler(models.TextChoices):
    """Who answers the visitor's next message. `team`: a person is wanted, and no one has it yet."""

    AGENT = "agent", "Agent"
    TEAM = "team", "Team"
    PERSON = "person", "Person"


class WorkStatus(models.TextChoices):
    """Where the team's work on a conversation is; never decides who answers."""

    OPEN = "open", "Open"
    SNOOZED = "snoozed", "Snoozed"
    RESOLVED = "resolved", "Resolved"


class WantedReason(models.TextChoices):
    """Why a person is wanted."""

    ASKED = "asked", "The visitor asked"
    AGENT = "agent", "The agent handed over"
    FAILED = "failed", "The agent failed twice"
    BUDGET = "budget", "The token budget is used up"
    STAFF = "staff", "Staff"


class Timer(models.TextChoices):
    """What happens to a conversation at its `due_at` (widgets/services/handoff/timers.py)."""

    W1 = "w1", "Apologize for the wait"
    W2 = "w2", "Offer the agent"
    H1 = "h1", "Return it to the team"
    A1 = "a1", "Resolve it"
    SNOOZE = "snooze", "Wake it"


class SurveyData(TypedDict):
    """A visitor's rating of the people who answered, from 1 to 5, and what they wrote to it."""

    score: int
    comment: str


@dataclass(frozen=True, slots=True)
class ConversationState:
    """Who has the conversation, and what the visitor may ask for: the frame `conversation`."""

    handler: str
    status: str
    person: str | None = None
    can_ask_person: bool = False
    expected: str | None = None
    back_at: str | None = None
    reply_email: bool = False
    survey: bool = False
    # Whether `can_ask_person` becomes true with the first answer.
    is_offered: bool = False

    @property
    def can_ask_agent(self) -> bool:
        """Whether the visitor may choose the agent instead of waiting."""
        return self.handler == Handler.TEAM
