"""What the team keeps about conversations: notes and the timeline."""

from django.db import models

from loquent.db.models import BaseModel
from widgets.models.conversation import WidgetSession

MAX_NOTE = 10_000


class EventKind(models.TextChoices):
    """What happened in a conversation's timeline."""

    ASKED = "asked", "Person wanted"
    FOLLOW_UP = "follow_up", "Person wanted out of hours"
    TAKEN = "taken_over", "Taken over"
    ASSIGNED = "assigned", "Assigned"
    RELEASED = "released", "Returned to the team"
    HANDED_BACK = "handed_back", "Handed back to the agent"
    W1 = "delayed", "Visitor told about the delay"
    W2 = "agent_offered", "Visitor offered the agent"
    RESOLVED = "resolved", "Resolved"
    REOPENED = "reopened", "Reopened"
    SNOOZED = "snoozed", "Snoozed"
    WOKEN = "woken", "Woken"
    ENDED = "ended", "Visitor began a new chat"


class ConversationNote(BaseModel):
    """An internal note. A table of its own, so that no query of messages can return one."""

    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="notes")
    author = models.CharField(max_length=150)
    content = models.TextField(max_length=MAX_NOTE)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = "note"
        indexes = [models.Index(fields=["session", "created_at"], name="conversation_note_order")]

    def __str__(self) -> str:
        return f"Note by {self.author}"


class ConversationEvent(BaseModel):
    """A line of a conversation's timeline. `actor`: a member, an API key, or "" for a timer."""

    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, choices=EventKind.choices)
    actor = models.CharField(max_length=200, blank=True)
    # How long the visitor had waited for the first answer of a person.
    waited_seconds = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = "event"
        indexes = [models.Index(fields=["session", "created_at"], name="conversation_event_order")]

    def __str__(self) -> str:
        return self.get_kind_display()
