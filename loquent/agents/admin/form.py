"""The admin's form of a text agent: in plain words, and no editor overwrites another."""

from typing import Any, cast

from django import forms

from loquent.agents.backends.registry import BACKENDS, explain_refused_model
from loquent.agents.models import DEFAULT_MODEL, TextAgent
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
    """All settings of an agent."""

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
            "max_output_tokens": "Longest answer",
            "temperature": "Freedom of wording",
            "fallback_sentence": "When no answer can be given",
        }
        help_texts = {
            "name": "For your staff; visitors don't see it.",
            "enabled": "Off: visitors read the sentence at the bottom instead of an answer.",
            "model": " ".join(backend.help for backend in BACKENDS.values()),
            "instructions": (
                "Who the agent is, how it writes, and what it must not do. A model follows them "
                f"in each answer; {DEFAULT_MODEL} doesn't read them. Treat them as public: "
                "visitors can coax them out."
            ),
            "max_output_tokens": (
                "In tokens: 100 are about 75 English words. Lower is faster and cheaper; an "
                "answer that reaches the limit is cut off."
            ),
            "temperature": (
                "0: nearly the same words each time. 1: freer. Above: surprising, also where it "
                "is wrong. Empty: what the model's maker recommends."
            ),
            "fallback_sentence": (
                "What visitors read when the model fails, is too slow, or the agent is off."
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
        """Create the agent, or write it if nobody else has since it was compared."""
        cleaned = {name: self.cleaned_data[name] for name in AGENT_FIELDS}
        data = cast("AgentData", cleaned)
        if agent._state.adding:
            made = create_agent(organization=agent.organization, data=data)
        else:
            made = update_agent(agent=agent, data=data, expected_version=self.seen)
        take_over(agent, made)
