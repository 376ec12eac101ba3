"""Widgets, their visitors' sessions and messages, and the turns under way."""

import uuid

from django.core.validators import MaxLengthValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from contacts.models import Contact
from loquent.agents.models import TextAgent
from loquent.models import BaseModel
from loquent.organizations.audit import audit
from loquent.organizations.models import Organization
from widgets.types import (
    DEFAULT_PRIMARY_COLOR,
    DEFAULT_TEXT_COLOR,
    ContactInfoMode,
    LimitKind,
    MessageRole,
    MessageStatus,
    Rating,
    TurnState,
    WidgetPosition,
)

MAX_NAME = 100
MAX_GREETING = 2_000
COLOR = r"^#[0-9a-fA-F]{6}$"
is_color = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "Enter a colour as #rrggbb, such as #6366f1.")


class WidgetConfig(BaseModel):
    """A chat for a website: how it looks, whom it asks for what, where it may run, who answers."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="widgets")
    widget_id = models.CharField(
        "widget ID",
        max_length=64,
        unique=True,
        editable=False,
        help_text="The public identifier in the embed code.",
    )
    text_agent = models.ForeignKey(TextAgent, on_delete=models.RESTRICT, related_name="widgets")
    name = models.CharField(  # noqa: DJ001 - the contract tells "no name" from a name
        max_length=MAX_NAME, null=True, blank=True, help_text="Shown in the chat's title bar."
    )
    greeting = models.TextField(  # noqa: DJ001 - the contract tells "no greeting" from a greeting
        null=True,
        blank=True,
        validators=[MaxLengthValidator(MAX_GREETING)],
        help_text="The first thing a visitor reads in the open chat.",
    )
    primary_color = models.CharField(
        max_length=7, default=DEFAULT_PRIMARY_COLOR, validators=[is_color]
    )
    text_color = models.CharField(max_length=7, default=DEFAULT_TEXT_COLOR, validators=[is_color])
    position = models.CharField(
        max_length=16, choices=WidgetPosition.choices, default=WidgetPosition.BOTTOM_RIGHT
    )
    contact_info_mode = models.CharField(
        max_length=16, choices=ContactInfoMode.choices, default=ContactInfoMode.NONE
    )
    collect_name = models.BooleanField(default=False)
    collect_email = models.BooleanField(default=False)
    collect_phone = models.BooleanField(default=False)
    allowed_origins = models.JSONField(
        null=True,
        blank=True,
        help_text="The sites that may show this widget; empty means any site.",
    )
    daily_message_cap = models.IntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Visitors' messages a day, all visitors together. Empty: no cap. 0: none at all.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        db_table = "widget_config"
        ordering = ["-created_at", "-id"]
        verbose_name = "widget"
        constraints = [
            models.CheckConstraint(
                condition=Q(primary_color__regex=COLOR) & Q(text_color__regex=COLOR),
                name="widget_colors_are_rrggbb",
            ),
            models.CheckConstraint(
                condition=Q(position__in=WidgetPosition.values), name="widget_position_known"
            ),
            models.CheckConstraint(
                condition=Q(contact_info_mode__in=ContactInfoMode.values),
                name="widget_contact_info_mode_known",
            ),
            models.CheckConstraint(
                condition=Q(daily_message_cap=None) | Q(daily_message_cap__gte=0),
                name="widget_daily_message_cap_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(contact_info_mode=ContactInfoMode.REQUIRED.value)
                | Q(collect_name=True)
                | Q(collect_email=True)
                | Q(collect_phone=True),
                name="widget_required_mode_collects_something",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.widget_id

    def collected_fields(self) -> list[str]:
        """The contact fields that this widget asks for, in the form's order."""
        if self.contact_info_mode == ContactInfoMode.NONE:
            return []
        return [name for name in ("name", "email", "phone") if getattr(self, f"collect_{name}")]


class WidgetSession(BaseModel):
    """One visitor's conversation with one widget, resumed by the token in their browser."""

    widget = models.ForeignKey(WidgetConfig, on_delete=models.CASCADE, related_name="sessions")
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="widget_sessions"
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    last_active_at = models.DateTimeField(editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    last_seq = models.PositiveIntegerField(default=0, editable=False)
    contact_claim = models.JSONField(
        "what the visitor typed", null=True, blank=True, editable=False
    )
    contact_is_own = models.BooleanField(
        default=False,
        editable=False,
        help_text="This session made its contact, so its later forms may correct it.",
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "conversation"
        indexes = [
            models.Index(fields=["widget", "-created_at"], name="widget_session_newest"),
        ]

    def __str__(self) -> str:
        return f"Conversation {str(self.id)[:8]}"

    @property
    def organization_id(self) -> uuid.UUID:
        """The tenant, by way of the widget."""
        return self.widget.organization_id


class WidgetMessage(BaseModel):
    """A line of a conversation. `seq` counts from 1 per session, without a gap."""

    created_at = models.DateTimeField(editable=False)
    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField(editable=False)
    role = models.CharField(max_length=16, choices=MessageRole.choices)
    content = models.TextField(blank=True)
    status = models.CharField(
        max_length=16, choices=MessageStatus.choices, default=MessageStatus.COMPLETE
    )
    client_message_id = models.CharField(  # noqa: DJ001 - unique where given
        max_length=64, null=True, editable=False
    )
    reply_to = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies"
    )
    sources = models.JSONField(default=list, blank=True)
    model = models.CharField(max_length=200, blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    first_token_ms = models.PositiveIntegerField("first token (ms)", null=True, blank=True)
    duration_ms = models.PositiveIntegerField("duration (ms)", null=True, blank=True)
    rating = models.CharField(  # noqa: DJ001 - null: not rated
        max_length=8, choices=Rating.choices, null=True, blank=True
    )
    rating_comment = models.TextField(blank=True)

    class Meta:
        ordering = ["session", "seq"]
        verbose_name = "message"
        constraints = [
            models.UniqueConstraint(fields=["session", "seq"], name="widget_message_seq_unique"),
            models.UniqueConstraint(
                fields=["session", "client_message_id"], name="widget_message_client_id_unique"
            ),
            models.CheckConstraint(
                condition=Q(role__in=MessageRole.values), name="widget_message_role_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=MessageStatus.values), name="widget_message_status_known"
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="widget_message_seq_from_one"),
        ]
        indexes = [
            # All that the overview counts: PostgreSQL then reads the index alone.
            models.Index(
                fields=["created_at"],
                include=[
                    "session", "role", "status", "rating", "first_token_ms", "input_tokens",
                    "output_tokens", "id",
                ],
                name="widget_message_figures",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.seq}"


class WidgetTurn(BaseModel):
    """A visitor's message that still waits for the end of its answer.

    The row goes when the answer is written. A running turn belongs to the process `owner` while
    its lease lasts; one whose process died is found by its lease.
    """

    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="turns")
    message = models.OneToOneField(WidgetMessage, on_delete=models.CASCADE, related_name="turn")
    state = models.CharField(max_length=16, choices=TurnState.choices, default=TurnState.WAITING)
    owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

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


class WidgetDailyUsage(BaseModel):
    """How many visitors' messages a widget accepted on one day of its organization."""

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
    """A site that tried to show a widget and isn't on its list: how often on a day, when last.

    There are few rows, whoever asks how often (widgets/services/refused_origins.py).
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
    """That a contact was erased, when, by whom, and how much went. Nothing of the person is in it.

    `contact_id` leads nowhere any more; whoever restores an older backup finds by it whom to
    erase again.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="erasure_receipts"
    )
    contact_id = models.UUIDField("contact's id", editable=False)
    conversations = models.PositiveIntegerField(editable=False)
    messages = models.PositiveIntegerField(editable=False)
    claims = models.PositiveIntegerField(
        editable=False, help_text="Details typed in other conversations."
    )
    requested_by = models.CharField(max_length=200, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"Erasure of {self.contact_id}"


class LimitHit(BaseModel):
    """How often a limit refused something at a widget on one day of its organization."""

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


audit(
    WidgetConfig,
    "widget_id",
    "text_agent",
    "name",
    "greeting",
    "primary_color",
    "text_color",
    "position",
    "contact_info_mode",
    "collect_name",
    "collect_email",
    "collect_phone",
    "allowed_origins",
    "daily_message_cap",
    "enabled",
)
