"""A widget and its settings."""

from django.core.validators import (
    MaxLengthValidator,
    MinValueValidator,
    RegexValidator,
    URLValidator,
)
from django.db import models
from django.db.models import Q

from loquent.agents.models import TextAgent
from loquent.db.models import BaseModel
from loquent.organizations.audit import audit
from loquent.organizations.models import Organization
from widgets.types import (
    DEFAULT_PRIMARY_COLOR,
    DEFAULT_TEXT_COLOR,
    ContactInfoMode,
    NoticeData,
    WidgetPosition,
)

MAX_NAME = 100
MAX_GREETING = 2_000
MAX_NOTICE = 500
MAX_NOTICE_URL = 500
COLOR = r"^#[0-9a-fA-F]{6}$"
is_color = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "Enter a colour as #rrggbb, such as #6366f1.")


class WidgetConfig(BaseModel):
    """A chat for a website: its appearance, contact form, allowed sites and agent."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="widgets")
    widget_id = models.CharField(
        "widget ID",
        max_length=64,
        unique=True,
        editable=False,
        help_text="The public identifier in the embed code.",
    )
    text_agent = models.ForeignKey(TextAgent, on_delete=models.RESTRICT, related_name="widgets")
    name = models.CharField(  # noqa: DJ001 - null: no name, as in the REST API
        max_length=MAX_NAME, null=True, blank=True, help_text="Shown in the chat's title bar."
    )
    greeting = models.TextField(  # noqa: DJ001 - null: no greeting, as in the REST API
        null=True,
        blank=True,
        validators=[MaxLengthValidator(MAX_GREETING)],
        help_text="The first message that visitors see in the chat.",
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
    starters = models.JSONField(
        "suggested questions",
        default=list,
        blank=True,
        help_text="Shown before the visitor's first message; a click sends one.",
    )
    notice_text = models.TextField(  # noqa: DJ001 - null: no notice
        "notice",
        null=True,
        blank=True,
        validators=[MaxLengthValidator(MAX_NOTICE)],
        help_text="For example: “You are chatting with an AI.” Empty: no notice.",
    )
    notice_url = models.CharField(  # noqa: DJ001 - null: no link
        "notice link",
        max_length=MAX_NOTICE_URL,
        null=True,
        blank=True,
        validators=[
            URLValidator(
                schemes=["http", "https"],
                message="Enter a whole address that begins with https:// or http://.",
            )
        ],
        help_text="Your privacy policy, such as https://example.com/privacy.",
    )
    notice_consent = models.BooleanField(
        "visitors must agree to the notice",
        default=False,
        help_text="The chat asks for consent before the first message.",
    )
    allowed_origins = models.JSONField(
        null=True,
        blank=True,
        help_text="Sites that may show this widget. Empty: any site.",
    )
    daily_message_cap = models.IntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Messages that all visitors together can send per day. Empty: no limit. 0: no "
        "messages.",
    )
    # `db_default`: processes of the previous version create widgets during a rolling deploy.
    handoff_enabled = models.BooleanField(
        "hand-off to people",
        default=True,
        db_default=False,
        help_text="Visitors can ask for a person, and members can answer in the chat.",
    )
    # Ids of members. `db_default`: as above.
    handoff_recipients = models.JSONField(
        "email recipients",
        default=list,
        db_default=[],
        blank=True,
        help_text="One of them gets an email about a waiting visitor if no one is using the inbox. "
        "Without a choice, an owner gets it.",
    )
    enabled = models.BooleanField(default=True)
    # Attributes of the embed code, as /config has none of them (services/setup/snippets.py).
    embed_options = models.JSONField(default=dict, blank=True, editable=False)
    # When a member last saved or confirmed how the chat looks, for the set-up checklist.
    look_saved_at = models.DateTimeField(null=True, editable=False)

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
            models.CheckConstraint(
                condition=Q(notice_text__isnull=False) & ~Q(notice_text="")
                | Q(notice_text=None, notice_url=None, notice_consent=False),
                name="widget_notice_has_text",
                violation_error_message=(
                    "A notice needs its text; a link or consent alone says nothing."
                ),
            ),
            models.CheckConstraint(
                condition=Q(notice_url=None) | Q(notice_url__iregex=r"^https?://"),
                name="widget_notice_url_is_web",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.widget_id

    @property
    def notice(self) -> NoticeData | None:
        """The AI disclosure or privacy line; None if there is none."""
        if self.notice_text is None:
            return None
        return {
            "text": self.notice_text,
            "url": self.notice_url,
            "consent": self.notice_consent,
        }

    def collected_fields(self) -> list[str]:
        """The contact fields that this widget asks for, in the form's order."""
        if self.contact_info_mode == ContactInfoMode.NONE:
            return []
        return [name for name in ("name", "email", "phone") if getattr(self, f"collect_{name}")]


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
    "starters",
    "notice_text",
    "notice_url",
    "notice_consent",
    "handoff_enabled",
    "handoff_recipients",
    "enabled",
    "embed_options",
)
