"""Usage counters of widgets, and erasure receipts."""

from django.db import models
from django.db.models import Q

from loquent.db.models import BaseModel
from loquent.organizations.models import Organization
from widgets.models.config import WidgetConfig
from widgets.types import LimitKind


class WidgetDailyUsage(BaseModel):
    """The number of visitors' messages that a widget accepted on one day of its organization."""

    widget = models.ForeignKey(WidgetConfig, on_delete=models.CASCADE, related_name="daily_usage")
    day = models.DateField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["widget", "day"], name="widget_daily_usage_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.messages}"


class RefusedOrigin(BaseModel):
    """A site that tried to show a widget without being on its list: how often on a day, when last.

    The number of rows is bounded, regardless of clients (widgets/services/refusals.py).
    """

    widget = models.ForeignKey(
        WidgetConfig, on_delete=models.CASCADE, related_name="refused_origins"
    )
    day = models.DateField()
    origin = models.CharField(max_length=300)
    count = models.PositiveIntegerField(default=0)
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["widget", "day", "origin"], name="widget_refused_origin_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.origin} {self.count}"


class ErasureReceipt(BaseModel):
    """A record that a contact was erased: when, by whom, and how much. Contains no personal data.

    `contact_id` no longer refers to a row; after an older backup is restored, it shows which
    contacts to erase again.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="erasure_receipts"
    )
    contact_id = models.UUIDField("contact ID", editable=False)
    conversations = models.PositiveIntegerField(editable=False)
    messages = models.PositiveIntegerField(editable=False)
    claims = models.PositiveIntegerField(
        editable=False, help_text="Contact form entries in other conversations."
    )
    requested_by = models.CharField(max_length=200, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"Erasure of {self.contact_id}"


class LimitHit(BaseModel):
    """How often a limit refused something for a widget on one day of its organization."""

    widget = models.ForeignKey(WidgetConfig, on_delete=models.CASCADE, related_name="limit_hits")
    day = models.DateField()
    kind = models.CharField(max_length=32, choices=LimitKind.choices)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["widget", "day", "kind"], name="widget_limit_hit_unique"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=LimitKind.values), name="widget_limit_hit_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.kind} {self.count}"
