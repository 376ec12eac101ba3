"""The log of actions, which is also what makes a confirmation good once."""

import uuid

from django.db import models
from django.db.models import Q

from loquent.agents.models import AgentAction
from loquent.db.models import BaseModel
from widgets.action_types import ActionStatus, CallEnd
from widgets.models.conversation import WidgetMessage, WidgetSession


class ActionCall(BaseModel):
    """A call that an agent made or proposed in a conversation. Holds no secret.

    A change has a `status`: only the transaction that sets it from waiting to confirmed may call,
    and only once. A lookup has none. `outcome` is empty until the call has ended; `owner` is the
    process that makes it. `digest` is that of the action and all values at the time of the
    proposal. `message` asks for the confirmation, `result` says how it went.
    """

    session = models.ForeignKey(
        WidgetSession, on_delete=models.CASCADE, related_name="action_calls"
    )
    message = models.ForeignKey(
        WidgetMessage, on_delete=models.SET_NULL, null=True, related_name="action_calls"
    )
    result = models.ForeignKey(
        WidgetMessage, on_delete=models.SET_NULL, null=True, related_name="action_results"
    )
    action = models.ForeignKey(
        AgentAction, on_delete=models.SET_NULL, null=True, related_name="calls"
    )
    name = models.CharField(max_length=64)
    title = models.CharField(max_length=100)
    risk = models.CharField(max_length=8, choices=AgentAction.Risk)
    arguments = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    language = models.CharField(max_length=8, blank=True, default="")
    status = models.CharField(max_length=10, choices=ActionStatus, blank=True, default="")
    expires_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    owner = models.UUIDField(null=True)
    outcome = models.CharField(max_length=12, choices=CallEnd, blank=True, default="")
    http_status = models.PositiveSmallIntegerField("HTTP status", null=True)
    duration_ms = models.PositiveIntegerField("duration (ms)", null=True)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "action call"
        indexes = [
            models.Index(fields=["session", "created_at"], name="action_call_of_session"),
            # Few rows: those that wait for a visitor, and those that run.
            models.Index(
                fields=["status", "expires_at"],
                condition=Q(status="waiting") | Q(status="confirmed", outcome=""),
                name="action_call_open",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def organization_id(self) -> uuid.UUID:
        """The organization of the widget."""
        return self.session.widget.organization_id
