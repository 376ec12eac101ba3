"""Visitors' sessions and messages."""

import uuid

from django.db import models
from django.db.models import Q

from contacts.models import Contact
from loquent.agents.types import VisitorPage
from loquent.db.models import BaseModel
from loquent.organizations.models import Membership
from widgets.models.config import WidgetConfig
from widgets.team_types import Handler, SurveyData, Timer, WantedReason, WorkStatus
from widgets.types import (
    AnswerOutcome,
    Attention,
    CutReason,
    MessageKind,
    MessageRole,
    MessageStatus,
    Rating,
    Reason,
)
from widgets.visitor_page import PAGE_COLUMNS, stored_page


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
    # How the latest turn ended; empty until the first one has ended.
    last_answer_status = models.CharField(
        "last answer", max_length=16, choices=MessageStatus.choices, blank=True, editable=False
    )
    # The outcome of the latest answer; empty until the first turn has ended.
    outcome = models.CharField(
        max_length=16, choices=AnswerOutcome.choices, blank=True, editable=False
    )
    # Why the conversation needs staff (types.Attention), and what visitors said (types.Sign).
    attention = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    attention_done_at = models.DateTimeField(null=True, editable=False)
    signs = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    contact_claim = models.JSONField(
        "details entered by the visitor", null=True, blank=True, editable=False
    )
    contact_is_own = models.BooleanField(
        default=False,
        editable=False,
        help_text="This session created its contact, so its later forms may correct it.",
    )
    # The visitor's page, as reported by their browser (widgets/services/pages.py).
    page_url = models.TextField(blank=True, default="", editable=False)
    page_title = models.TextField(blank=True, default="", editable=False)
    page_referrer = models.TextField(blank=True, default="", editable=False)
    page_context = models.JSONField(blank=True, default=dict, editable=False)
    page_at = models.DateTimeField(null=True, editable=False)
    # Who answers, and the team's work (widgets/services/handoff/). `db_default`: processes of the
    # previous version insert sessions during a rolling deploy.
    handler = models.CharField(
        max_length=8,
        choices=Handler.choices,
        default=Handler.AGENT,
        db_default=Handler.AGENT.value,
        editable=False,
    )
    # Members who leave return their conversations to the team before they are deleted.
    assignee = models.ForeignKey(
        Membership, on_delete=models.SET_NULL, null=True, editable=False, related_name="sessions"
    )
    status = models.CharField(
        max_length=8, choices=WorkStatus.choices, default="open", db_default="open", editable=False
    )
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    waiting_since = models.DateTimeField(null=True, editable=False)
    wanted_reason = models.CharField(
        max_length=8,
        choices=WantedReason.choices,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    follow_up = models.BooleanField(default=False, db_default=False, editable=False)
    snoozed_until = models.DateTimeField(null=True, editable=False)
    reply_email = models.CharField(
        max_length=254, blank=True, default="", db_default="", editable=False
    )
    # The next timer; at most one.
    due_at = models.DateTimeField(null=True, editable=False)
    due_kind = models.CharField(
        max_length=8, choices=Timer.choices, blank=True, default="", db_default="", editable=False
    )
    # When a person wrote last.
    human_at = models.DateTimeField(null=True, editable=False)
    seen_seq = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    survey_open = models.BooleanField(default=False, db_default=False, editable=False)
    survey_score = models.PositiveSmallIntegerField(null=True, editable=False)
    survey_comment = models.TextField(blank=True, default="", db_default="", editable=False)

    # What the visitor's browser asks for first, if the assistant knows it.
    language = models.CharField(max_length=8, default="", db_default="", editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "conversation"
        constraints = [
            models.CheckConstraint(
                condition=Q(handler=Handler.PERSON.value, assignee__isnull=False)
                | ~Q(handler=Handler.PERSON.value) & Q(assignee__isnull=True),
                name="widget_session_person_is_assigned",
            ),
            models.CheckConstraint(
                condition=Q(handler__in=Handler.values), name="widget_session_handler_known"
            ),
        ]
        indexes = [
            # Conversations of the team, those that are done or snoozed, and those with a timer.
            models.Index(
                fields=["waiting_since", "id"],
                condition=~Q(handler=Handler.AGENT.value) | Q(follow_up=True),
                name="widget_session_of_team",
            ),
            models.Index(fields=["-last_active_at", "-id"], name="widget_session_not_open",
                         condition=~Q(status=WorkStatus.OPEN.value)),
            models.Index(fields=["due_at"], name="widget_session_due",
                         condition=Q(due_at__isnull=False)),
            models.Index(fields=["widget", "-created_at"], name="widget_session_newest"),
            # For lists of all widgets of an organization.
            models.Index(fields=["-created_at", "-id"], name="widget_session_by_time"),
            models.Index(fields=["-last_active_at", "-id"], name="widget_session_active"),
            # Few sessions are in it, and each page of staff counts them.
            models.Index(
                fields=["widget", "-last_active_at"],
                condition=Q(attention__gte=Attention.FAILED.value),
                name="widget_session_attention",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Conversation {str(self.id)[:8]}"

    @property
    def organization_id(self) -> uuid.UUID:
        """The organization of the widget."""
        return self.widget.organization_id

    @property
    def reasons(self) -> list[Reason]:
        """Why the conversation needs staff, most urgent first."""
        return [reason for reason in Reason if self.attention & reason.bit]

    @property
    def survey(self) -> SurveyData | None:
        """The visitor's rating of the people who answered; None if there is none."""
        if self.survey_score is None:
            return None
        return {"score": self.survey_score, "comment": self.survey_comment}

    @property
    def page(self) -> VisitorPage | None:
        """The page that the visitor is on; None if their browser never sent one."""
        return stored_page(*(getattr(self, column) for column in PAGE_COLUMNS))


class WidgetMessage(BaseModel):
    """A message of a conversation. `seq` counts from 1 per session, without gaps."""

    created_at = models.DateTimeField(editable=False)
    session = models.ForeignKey(WidgetSession, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField(editable=False)
    role = models.CharField(max_length=16, choices=MessageRole.choices)
    content = models.TextField(blank=True)
    # The name of the person who wrote a staff message, as it was then.
    author = models.CharField(max_length=150, blank=True, default="", db_default="", editable=False)
    # The member's id; empty unless a person wrote it.
    sender = models.CharField(max_length=36, blank=True, default="", db_default="", editable=False)
    kind = models.CharField(
        max_length=8,
        choices=MessageKind.choices,
        default=MessageKind.TEXT,
        db_default=MessageKind.TEXT.value,
        editable=False,
    )
    status = models.CharField(
        max_length=16, choices=MessageStatus.choices, default=MessageStatus.COMPLETE
    )
    # Empty for a visitor's message.
    outcome = models.CharField(max_length=16, choices=AnswerOutcome.choices, blank=True)
    # Whether the widget shows with this answer how to reach people.
    card = models.BooleanField(default=False, editable=False)
    # Why an answer with the status `cut` is incomplete.
    cut_reason = models.CharField(
        max_length=16, choices=CutReason.choices, blank=True, default="", editable=False
    )
    client_message_id = models.CharField(  # noqa: DJ001 - unique if set
        max_length=64, null=True, editable=False
    )
    # How the turn of a visitor's message ended if it left no answer.
    turn_status = models.CharField(
        max_length=16,
        choices=[*MessageStatus.choices, (AnswerOutcome.HANDED_OVER.value, "Handed over")],
        blank=True,
        editable=False,
    )
    # The page on which the visitor wrote this.
    page_url = models.TextField(blank=True, default="", editable=False)
    reply_to = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies"
    )
    sources = models.JSONField(default=list, blank=True)
    # Buttons below the answer: what each says, and the message that a click sends.
    choices = models.JSONField(default=list, blank=True, editable=False)
    # The change that the answer proposes (types.ActionData).
    action = models.JSONField(null=True, blank=True, editable=False)
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
                fields=["session", "sender", "client_message_id"],
                name="widget_message_sender_key_unique",
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
            # Contains only the few messages that staff search for.
            models.Index(
                fields=["session", "rating"],
                condition=Q(rating__isnull=False),
                name="widget_message_rated",
            ),
            # All columns that the overview counts, so that PostgreSQL reads only the index.
            models.Index(
                fields=["created_at"],
                include=[
                    "session", "role", "outcome", "turn_status", "rating", "first_token_ms",
                    "input_tokens", "output_tokens", "id",
                ],
                name="widget_message_figures",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.seq}"

    @property
    def is_answer(self) -> bool:
        """Whether the message ends a turn: the agent's words, not the line of a transition."""
        return self.kind == MessageKind.TEXT and MessageRole(self.role).is_answer
