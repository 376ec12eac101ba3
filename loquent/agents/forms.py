"""The admin's form of a text agent: in plain words, and no editor overwrites another."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.http import QueryDict

from loquent.agents.backends.registry import explain_unknown_model
from loquent.agents.models import TextAgent
from loquent.agents.services.agents import (
    AGENT_FIELDS,
    AgentData,
    agent_version,
    create_agent,
    lock_agent,
    update_agent,
)
from loquent.errors import ApplicationError
from loquent.organizations.form_conflicts import dump, load, merge, snapshot

CHANGED = (
    "Somebody else changed this agent while you worked on it. Nothing is saved yet: look at what "
    "changed, then save again."
)


class TextAgentForm(forms.ModelForm[TextAgent]):
    """All settings of an agent.

    `version` and `loaded` go to the browser and come back: which state of the agent the editor
    saw. Where somebody else changed it since, nothing is saved; the form says what changed.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    loaded = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = TextAgent
        fields = ["organization", *AGENT_FIELDS]
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
            "model": (
                "builtin:knowledge answers word for word from the knowledge below, at no cost. "
                "openai-chat:NAME asks the model of that name, which words the answer itself."
            ),
            "instructions": (
                "Who the agent is, how it writes, and what it must not do. A model follows them "
                "in each answer; builtin:knowledge doesn't read them. Treat them as public: "
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "version" in self.fields:
            self.initial["version"] = agent_version(self.instance)
            self.initial["loaded"] = dump(self._snapshot(self.instance))
        self._seen: str | None = None

    def clean_model(self) -> str:
        model: str = self.cleaned_data["model"]
        unknown = explain_unknown_model(model)
        if unknown:
            raise forms.ValidationError(unknown)
        return model

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.instance._state.adding:
            self._refuse_stale()
        return data

    def save_through_services(self, agent: TextAgent) -> None:
        """Create the agent, or write it if nobody else has since it was compared."""
        cleaned = {name: self.cleaned_data[name] for name in AGENT_FIELDS}
        data = cast("AgentData", cleaned)
        if agent._state.adding:
            made = create_agent(organization=agent.organization, data=data)
        else:
            made = update_agent(agent=agent, data=data, expected_version=self._seen)
        agent.__dict__.update(made.__dict__)

    def _refuse_stale(self) -> None:
        """An error for who edits another state than there is; their form then holds both.

        The row stays locked until the request's transaction ends, so that what was compared is
        what is saved.
        """
        try:
            fresh = lock_agent(agent=self.instance)
        except ApplicationError as error:
            raise ValidationError(error.message) from None
        self._seen = version = agent_version(fresh)
        if self.data.get("version") in {None, "", version}:
            return
        data = QueryDict(mutable=True)
        data.update(self.data)
        now = self._snapshot(fresh)
        changes = merge(self, data, loaded=load(str(self.data.get("loaded", ""))), now=now)
        data["version"], data["loaded"] = version, dump(now)
        self.data = data
        if changes:
            raise ValidationError([CHANGED, *changes])

    def _snapshot(self, agent: TextAgent) -> dict[str, str]:
        names = [name for name in AGENT_FIELDS if name in self.fields]
        return snapshot(self, model_to_dict(agent), names)
