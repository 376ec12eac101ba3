"""Text agents and their knowledge."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models

from loquent.agents.agent_action import AgentAction as AgentAction
from loquent.agents.backends.registry import DEFAULT_MODEL
from loquent.agents.evaluation_run import EvaluationRun as EvaluationRun
from loquent.agents.knowledge_source import KnowledgeSource, SourcePage
from loquent.agents.model_connection import ModelConnection as ModelConnection
from loquent.agents.search.languages import LANGUAGE_NAMES
from loquent.db.models import BaseModel
from loquent.organizations.audit import audit
from loquent.organizations.models import Organization

MODEL_PATTERN = re.compile(r"^[a-z][a-z0-9-]*:\S.*$")
MAX_OUTPUT_TOKENS = 4_096
DEFAULT_FALLBACK = "Sorry, I can't answer right now. Please try again in a moment."


def validate_model(value: str) -> None:
    """Refuse what is not `provider:name`; services check whether the provider exists."""
    if not MODEL_PATTERN.match(value):
        raise ValidationError(f"Enter the model as provider:name, such as {DEFAULT_MODEL}.")


class TextAgent(BaseModel):
    """An agent that answers visitors: a model with instructions and knowledge."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="text_agents")
    name = models.CharField(max_length=100)
    instructions = models.TextField(
        blank=True,
        max_length=20_000,
        help_text="How the agent should answer. Treat it as public: visitors may get the agent to "
        "reveal it.",
    )
    model = models.CharField(
        max_length=200,
        default=DEFAULT_MODEL,
        validators=[validate_model],
        help_text="The model as provider:name.",
    )
    connection = models.ForeignKey(
        ModelConnection,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="agents",
        help_text="The account that the model is used with. Empty: the server's own.",
    )
    max_output_tokens = models.PositiveIntegerField(
        default=1_024,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_OUTPUT_TOKENS)],
        help_text="Maximum answer length in the model's tokens (1 to 4096).",
    )
    temperature = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0), MaxValueValidator(2.0)],
        help_text="0 to 2. Empty: the model's default.",
    )
    language = models.CharField(
        max_length=8,
        blank=True,
        default="",
        db_default="",
        choices=[("", "Automatic"), *sorted(LANGUAGE_NAMES.items(), key=lambda named: named[1])],
        help_text="The language of the knowledge. Empty: detected from its text.",
    )
    enabled = models.BooleanField(default=True)
    fallback_sentence = models.CharField(
        max_length=500,
        default=DEFAULT_FALLBACK,
        help_text="The message that visitors see if the agent can't answer.",
    )

    class Meta:
        ordering = ["name"]
        verbose_name = "assistant"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_output_tokens__gte=1)
                & models.Q(max_output_tokens__lte=MAX_OUTPUT_TOKENS),
                name="text_agent_max_output_tokens_range",
            ),
            models.CheckConstraint(
                condition=models.Q(temperature=None)
                | (models.Q(temperature__gte=0.0) & models.Q(temperature__lte=2.0)),
                name="text_agent_temperature_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class KnowledgeEntry(BaseModel):
    """A knowledge entry of an agent. `page`: where a sync reads it; None: written by hand."""

    agent = models.ForeignKey(TextAgent, on_delete=models.CASCADE, related_name="knowledge")
    page = models.ForeignKey(
        SourcePage, on_delete=models.CASCADE, null=True, related_name="entries", editable=False
    )
    title = models.CharField(max_length=200)
    content = models.TextField(max_length=100_000)
    url = models.CharField(
        max_length=2_000,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="A page on which visitors can read more; shown as the source of an answer.",
    )

    class Meta:
        ordering = ["title"]
        verbose_name_plural = "knowledge entries"

    def __str__(self) -> str:
        return self.title


class AgentQuestion(BaseModel):
    """A question that measures an agent's answers: what it should find, or that it should refuse.

    `was_right`: what the last evaluation found; None before the first.
    """

    class Expect(models.TextChoices):
        ENTRY = "entry", "an entry"
        NONE = "none", "no answer"
        PERSON = "person", "a person"

    agent = models.ForeignKey(TextAgent, on_delete=models.CASCADE, related_name="questions")
    question = models.CharField(max_length=2_000, help_text="What a visitor asks.")
    previous = models.CharField(
        max_length=2_000, blank=True, help_text="What the visitor asked before, if that matters."
    )
    expect = models.CharField(
        max_length=10,
        choices=Expect,
        default=Expect.ENTRY,
        help_text="`entry`: the knowledge entry that answers; `none`: a refusal, as no entry "
        "answers; `person`: the visitor asks for a person.",
    )
    entry = models.ForeignKey(
        KnowledgeEntry,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="questions",
        help_text="The entry that answers; null if it was deleted, or none is expected.",
    )
    was_right = models.BooleanField(null=True, editable=False)

    class Meta:
        ordering = ["created_at"]
        verbose_name = "test question"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expect="entry") | models.Q(entry=None),
                name="agent_question_entry_only_if_expected",
            ),
        ]

    def __str__(self) -> str:
        return self.question[:100]


class PassageVector(models.Model):
    """The vector of a text, by the SHA-256 of the model, its dimensions and the text."""

    key = models.BinaryField(primary_key=True, max_length=32)
    data = models.BinaryField(help_text="Half-precision floats.")

    class Meta:
        verbose_name = "passage vector"

    def __str__(self) -> str:
        return bytes(self.key).hex()


class TriedQuestion(BaseModel):
    """A question that a member asked in "Try it", and how its answer ended.

    Few are kept per organization (services/tries.py); set-up tells by them what has been tried.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="tried_questions"
    )
    question = models.CharField(max_length=500)
    outcome = models.CharField(max_length=16)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.question


class DailyTokenUsage(BaseModel):
    """The models' tokens of an organization that has a budget, on one of its days.

    `reserved`: what running turns may still use; `used`: what finished turns did use.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="daily_token_usage"
    )
    day = models.DateField()
    reserved = models.PositiveBigIntegerField(default=0)
    used = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-day", "organization"]
        verbose_name = "daily token usage"
        verbose_name_plural = "daily token usage"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day"], name="daily_token_usage_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0) & models.Q(used__gte=0),
                name="daily_token_usage_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.day}"


class TokenReservation(BaseModel):
    """One turn's part of DailyTokenUsage.reserved; the row is deleted when the turn ends.

    If its process died, it is released after `expires_at`, when another turn needs the tokens.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="token_reservations"
    )
    day = models.DateField()
    tokens = models.PositiveIntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "expires_at"], name="token_reservation_expiry")
        ]

    def __str__(self) -> str:
        return f"{self.tokens} on {self.day}"


audit(ModelConnection, "name", "base_url", "model_names", "embedding_model")
audit(KnowledgeSource, "name", "url")
audit(
    TextAgent,
    "name",
    "instructions",
    "model",
    "connection",
    "max_output_tokens",
    "temperature",
    "language",
    "enabled",
    "fallback_sentence",
)
