"""The table of outgoing mail."""

from django.db import models
from django.db.models import Q

from loquent.db.models import BaseModel


class MailState(models.TextChoices):
    """The state of a mail."""

    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"


class OutgoingMail(BaseModel):
    """A mail to send, or sent.

    Its text is written when it is sent, and stored nowhere: links to accounts are never in the
    database or its backups.
    """

    letter = models.CharField(max_length=32, editable=False)
    # The id of the row that the letter is about, if there is one.
    about = models.CharField(max_length=64, blank=True, default="", editable=False)
    recipient = models.CharField(max_length=254, editable=False)
    organization = models.ForeignKey(
        "organizations.Organization",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="outgoing_mail",
    )
    state = models.CharField(
        max_length=16, choices=MailState.choices, default=MailState.WAITING, editable=False
    )
    attempts = models.PositiveIntegerField(default=0, editable=False)
    error = models.TextField(blank=True, default="", editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "outgoing mail"
        verbose_name_plural = "outgoing mail"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=MailState.values), name="mail_state_known"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="mail_by_time")]

    def __str__(self) -> str:
        return f"{self.letter} to {self.recipient}"
