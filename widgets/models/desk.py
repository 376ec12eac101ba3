"""What members keep for answering: saved replies and drafts."""

from django.db import models

from loquent.db.models import BaseModel
from loquent.organizations.audit import audit
from loquent.organizations.models import Membership, Organization
from widgets.models.conversation import WidgetSession

MAX_REPLY_NAME = 100
MAX_SAVED_REPLY = 10_000
MAX_DRAFT = 20_000


class SavedReply(BaseModel):
    """A text to answer with. Without a `member`, all members share it."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="saved_replies"
    )
    member = models.ForeignKey(
        Membership, on_delete=models.CASCADE, null=True, related_name="saved_replies"
    )
    name = models.CharField(max_length=MAX_REPLY_NAME)
    content = models.TextField(max_length=MAX_SAVED_REPLY)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = "saved reply"
        verbose_name_plural = "saved replies"

    def __str__(self) -> str:
        return self.name

    @property
    def shared(self) -> bool:
        """Whether all members of the organization can use it."""
        return self.member_id is None


class Draft(BaseModel):
    """What a member has typed in a conversation and not sent."""

    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="drafts")
    member = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="drafts")
    content = models.TextField(max_length=MAX_DRAFT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "member"], name="draft_unique"),
        ]

    def __str__(self) -> str:
        return f"Draft in {self.session_id}"


audit(SavedReply, "name", "content", "member")
