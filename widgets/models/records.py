"""Usage counters of widgets, erasure receipts, and closed questions."""

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q

from loquent.agents.models import KnowledgeEntry, TextAgent
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


class SeenSite(BaseModel):
    """A site that was given a widget's settings, and when last.

    Written at most once per minute and site (widgets/services/setup/seen_sites.py).
    """

    widget = models.ForeignKey(WidgetConfig, on_delete=models.CASCADE, related_name="seen_sites")
    origin = models.CharField(max_length=300)
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["widget", "origin"], name="widget_seen_site_unique"),
        ]

    def __str__(self) -> str:
        return self.origin

    @property
    def is_local(self) -> bool:
        """Whether the site is on a developer's own machine, which no customer can open."""
        host = urlsplit(self.origin).hostname or ""
        return (
            host in {"localhost", "::1"} or host.startswith("127.") or host.endswith(".localhost")
        )


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


class ClosedQuestion(BaseModel):
    """A group of unanswered questions that has an entry, or is ignored; `id` is the group's.

    `closed_at`: questions asked until then are settled; null: the entry is not yet found by a
    search for the question. It has no text of visitors (services/insights/unanswered.py).
    """

    agent = models.ForeignKey(TextAgent, on_delete=models.CASCADE, related_name="closed_questions")
    entry = models.ForeignKey(
        KnowledgeEntry, on_delete=models.SET_NULL, null=True, related_name="closed_questions"
    )
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)
