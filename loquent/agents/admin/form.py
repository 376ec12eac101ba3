"""The admin form of a text agent, which detects concurrent edits."""

from typing import Any, cast

from django import forms

from loquent.agents.backends.registry import BACKENDS, explain_refused_model, quoting_models
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
            "enabled": "Answer visitors",
            "max_output_tokens": "Maximum answer length",
            "temperature": "Temperature",
            "language": "Language of the knowledge",
            "fallback_sentence": "Fallback message",
        }
        help_texts = {
            "name": "Only your staff see this name.",
            "enabled": "If this is off, visitors get the fallback message instead of an answer.",
            "model": " ".join(backend.help for backend in BACKENDS.values()),
            "instructions": (
                "Describe who the agent is, how it writes, and what it must not do. Models follow "
                f"these instructions in every answer; {quoting_models()} ignores them. Treat them "
                "as public: visitors may get the agent to reveal them."
            ),
            "max_output_tokens": (
                "In tokens; 100 tokens are about 75 English words. A lower limit is faster and "
                "cheaper. Answers that reach the limit are cut off."
            ),
            "temperature": (
                "0 gives nearly the same answer each time, 1 more varied ones. Higher values are "
                "less predictable and more often wrong. Leave empty for the model's default."
            ),
            "language": (
                "The search uses the word forms of this language. Set it if the knowledge is short "
                "or in several languages. Visitors can write in any language."
            ),
            "fallback_sentence": (
                "Visitors see this message if the model fails or takes too long, or if the "
                "agent is off."
            ),
        }

    def lock_row(self) -> TextAgent:
        return lock_agent(agent=self.instance)

    def version_of(self, row: TextAgent) -> str:
        return agent_version(row)

    def clean_model(self) -> str:
        model: str = self.cleaned_data["model"]
        refusal = explain_refused_model(model)
        if refusal:
            raise forms.ValidationError(refusal)
        return model

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
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
