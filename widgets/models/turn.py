"""Visitors' messages whose answers are not finished."""

from django.db import models
from django.db.models import Q

from loquent.db.models import BaseModel
from widgets.models.conversation import WidgetMessage, WidgetSession
from widgets.types import TurnState


class WidgetTurn(BaseModel):
    """A visitor's message whose answer is not finished.

    The row is deleted when the answer is written. A running turn belongs to the process `owner`
    while its lease lasts; if the process dies, the lease expires.
    """

    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="turns")
    message = models.OneToOneField(WidgetMessage, on_delete=models.CASCADE, related_name="turn")
    state = models.CharField(max_length=16, choices=TurnState.choices, default=TurnState.WAITING)
    owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Whether the visitor's client can confirm changes. `db_default`: for the previous version.
    can_confirm = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["message__seq"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(state=TurnState.RUNNING.value),
                name="widget_turn_one_running_per_session",
            ),
        ]
        indexes = [models.Index(fields=["state", "lease_until"], name="widget_turn_leases")]

    def __str__(self) -> str:
        return f"Turn of {self.message_id}"
