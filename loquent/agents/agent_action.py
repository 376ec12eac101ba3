"""The table of actions: what an agent may call."""

import uuid

from django.core.validators import RegexValidator
from django.db import models

from loquent.agents.actions.request import METHODS
from loquent.db.models import BaseModel
from loquent.egress.urls import MAX_URL
from loquent.organizations.audit import audit

NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_-]{0,63}\Z"
# What a member sets, except for secrets.
ACTION_FIELDS = (
    "name",
    "title",
    "description",
    "kind",
    "method",
    "url",
    "parameters",
    "risk",
    "response_fields",
    "enabled",
)


class AgentAction(BaseModel):
    """Something that an agent can do for visitors by calling another system."""

    class Kind(models.TextChoices):
        HTTP = "http", "HTTP address"
        MCP = "mcp", "Tool of an MCP server"

    class Risk(models.TextChoices):
        READ = "read", "Look something up, at once"
        WRITE = "write", "Change something, after the visitor has confirmed it"
        PERSON = "person", "Call a person of the team instead"

    agent = models.ForeignKey("agents.TextAgent", on_delete=models.CASCADE, related_name="actions")
    name = models.CharField(
        max_length=64,
        validators=[
            RegexValidator(
                NAME_PATTERN,
                "Use letters, digits, _ and -, starting with a letter, such as order_status.",
            )
        ],
        help_text="The name for models, such as order_status; of an MCP tool, its name.",
    )
    title = models.CharField(max_length=100, help_text="What visitors read, such as Order status.")
    description = models.TextField(
        blank=True, max_length=1_000, help_text="When the agent should use it."
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HTTP)
    method = models.CharField(
        max_length=8, choices=[(each, each) for each in METHODS], default="GET"
    )
    url = models.CharField(
        "address",
        max_length=MAX_URL,
        blank=True,
        help_text="The address to call. {name} stands for the value of a parameter.",
    )
    parameters = models.JSONField(default=list, blank=True)
    # Encrypted values by header (loquent/encryption.py).
    encrypted_headers = models.JSONField(default=dict, blank=True, editable=False)
    encrypted_secret = models.TextField(blank=True, default="", editable=False)
    risk = models.CharField(max_length=8, choices=Risk, default=Risk.READ)
    response_fields = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["title", "id"]
        verbose_name = "action"
        constraints = [
            models.UniqueConstraint(fields=["agent", "name"], name="agent_action_name_unique"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def organization_id(self) -> uuid.UUID:
        """The organization of the agent."""
        return self.agent.organization_id


audit(AgentAction, *ACTION_FIELDS)
