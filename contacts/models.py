"""People who left their details."""

from django.db import models

from loquent.db.models import BaseModel
from loquent.organizations.models import Organization


class Contact(BaseModel):
    """A person known to an organization; email and phone are stored normalised.

    No two contacts of an organization share an email or a phone. Unknown details are null.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="contacts"
    )
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, null=True, blank=True)  # noqa: DJ001 - unique where known
    phone = models.CharField(max_length=16, null=True, blank=True)  # noqa: DJ001 - unique where known

    # What staff know about the person; never part of what visitors, webhooks or models get.
    notes = models.TextField(blank=True, default="", db_default="", max_length=4_000)

    # A visitor's details are unverified: the visitor may correct them only while this is true.
    is_unreviewed = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Created by a visitor's form, and not saved by staff since.",
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["organization", "-created_at", "-id"], name="contact_newest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization", "email"], name="contact_email_unique"),
            models.UniqueConstraint(fields=["organization", "phone"], name="contact_phone_unique"),
            models.CheckConstraint(
                condition=~models.Q(email="") & ~models.Q(phone=""),
                name="contact_unknown_is_null",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or "Unnamed contact"
