"""The admin form of a text agent, which detects concurrent edits."""

from typing import Any, cast

from django import forms

from loquent.agents.backends.registry import BACKENDS, explain_refused_model
from loquent.agents.models import TextAgent
from loquent.agents.services.agents import (
    AGENT_FIELDS,
    AgentData,
    agent_version,
    create_agent,
    lock_agent,
    update_agent,
)
from loquent.organizations.admin.conflicts import GuardedForm
from loquent.organizations.admin.fields import LongTextField
from loquent.organizations.admin.forms import take_over


class TextAgentForm(GuardedForm[TextAgent]):
    """The form with all settings of an agent."""

    noun = "agent"
    guarded = AGENT_FIELDS

    class Meta:
        model = TextAgent
        fields = ["organization", *AGENT_FIELDS]
        field_classes = {"instructions": LongTextField}
        widgets = {
            "instructions": forms.Textarea(attrs={"rows": 9}),
            "model": forms.TextInput(attrs={"list": "lq-models", "autocomplete": "off"}),
            "temperature": forms.NumberInput(attrs={"min": 0, "max": 2, "step": "any"}),
        }
        labels = {
            "enabled": "Answering",
            "max_output_tokens": "Maximum answer length",
            "temperature": "Temperature",
            "language": "Language of the knowledge",
            "fallback_sentence": "Fallback message",
        }
        help_texts = {
            "name": "Only your staff see this name.",
            "enabled": "When off, visitors see the fallback message.",
            "model": " ".join(backend.help for backend in BACKENDS.values()),
            "connection": "Whose account pays for the model. Owners add connections under "
            "Settings, AI models.",
            "instructions": (
                "Describe who the assistant is, how it writes, and what it must not do. Don't put "
                "secrets here: visitors can get the assistant to reveal its instructions."
            ),
            "max_output_tokens": "In tokens (100 ≈ 75 words). Longer answers are cut off.",
            "temperature": (
                "0 to 2. Low: consistent. High: more varied, more mistakes. Leave empty for the "
                "model's default."
            ),
            "language": (
                "The search uses the word forms of this language. Set it if the knowledge is short "
                "or in several languages. Visitors can write in any language."
            ),
            "fallback_sentence": (
                "Visitors see this message if the assistant is off, fails, or takes too long."
            ),
        }

    def lock_row(self) -> TextAgent:
        return lock_agent(agent=self.instance)

    def version_of(self, row: TextAgent) -> str:
        return agent_version(row)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = data.get("connection")
        own = chosen.model_names if chosen else None
        if "model" in data and (reason := explain_refused_model(data["model"], own_models=own)):
            self.add_error("model", reason)
        if not self.instance._state.adding:
            self.refuse_stale()
        return data

    def save_through_services(self, agent: TextAgent) -> None:
        """Create the agent, or update it unless it was changed after the comparison."""
        cleaned = {name: self.cleaned_data[name] for name in AGENT_FIELDS}
        data = cast("AgentData", cleaned)
        if agent._state.adding:
            made = create_agent(organization=agent.organization, data=data)
        else:
            made = update_agent(agent=agent, data=data, expected_version=self.seen)
        take_over(agent, made)
