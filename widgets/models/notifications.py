"""Who is to be notified of a conversation, through which channel, and whether that has happened."""

import uuid

from django.db import models
from django.db.models import Q

from loquent.db.models import BaseModel
from loquent.organizations.models import Membership, Organization
from widgets.models.conversation import WidgetSession


class Channel(models.TextChoices):
    """How a notification is sent, and to whom."""

    STAFF_MAIL = "staff_mail", "Email to a member"
    PUSH = "push", "Push message to members"
    VISITOR_MAIL = "visitor", "Email to the visitor"


class NotificationState(models.TextChoices):
    """Where a notification is."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    VOID = "void", "Not needed any more"


class Notification(BaseModel):
    """One message about a conversation, written in the transaction that causes it.

    It is void once a member has seen, claimed or answered the conversation, which is checked again
    before it is sent.
    """

    session = models.ForeignKey(
        WidgetSession, on_delete=models.CASCADE, related_name="notifications"
    )
    channel = models.CharField(max_length=16, choices=Channel.choices)
    state = models.CharField(
        max_length=8, choices=NotificationState.choices, default=NotificationState.WAITING
    )
    # Of staff: who was told, and since when the visitor waits.
    member = models.ForeignKey(
        Membership, on_delete=models.SET_NULL, null=True, related_name="notifications"
    )
    waiting_since = models.DateTimeField(null=True)
    # Of the visitor: the newest message in the mail, and the digest of the link's token.
    seq = models.PositiveIntegerField(default=0)
    token_digest = models.CharField(max_length=64, blank=True, default="")
    used_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "channel"],
                condition=Q(state=NotificationState.WAITING.value),
                name="notification_one_waiting",
            ),
            models.UniqueConstraint(
                fields=["token_digest"],
                condition=~Q(token_digest=""),
                name="notification_token_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} ({self.get_state_display()})"


class ContinuedSession(BaseModel):
    """Another browser's token for a conversation, which a link in a mail has opened there."""

    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="continued")
    token_digest = models.CharField(max_length=64, unique=True, editable=False)

    def __str__(self) -> str:
        return f"Token of {self.session_id}"


class StoppedAddress(BaseModel):
    """An address that wants no mail from an organization; only its digest is stored."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="stopped_addresses"
    )
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "digest"], name="stopped_address_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.digest[:8]


class PushKey(BaseModel):
    """The server's key pair for push services, encrypted under a key derived from SECRET_KEY."""

    number = models.PositiveSmallIntegerField(unique=True, default=1)
    sealed = models.TextField()

    def __str__(self) -> str:
        return "Key of push messages"


class PushDevice(BaseModel):
    """A browser in which a member wants push messages. `error`: why the last one failed."""

    member = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="push_devices")
    endpoint = models.CharField(max_length=2_000)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=32)
    name = models.CharField(max_length=100, blank=True)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "endpoint"], name="push_device_unique"),
        ]

    def __str__(self) -> str:
        return self.name or "Browser"

    @property
    def organization_id(self) -> uuid.UUID:
        """The organization of the member."""
        return self.member.organization_id
