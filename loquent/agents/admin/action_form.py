"""The form of an action: in plain words first, as JSON under Advanced."""

import json
import re
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput

from loquent.agents.agent_action import AgentAction
from loquent.agents.services.actions import MAX_SECRET
from loquent.organizations.admin.fields import LinesField
from loquent.organizations.admin.forms import ServiceForm

LINES = {"rows": 4, "spellcheck": "false"}
RISKS = [
    ("read", "Looks something up. The assistant may do this at once."),
    ("write", "Changes something. Visitors confirm it with a button first."),
    ("person", "Needs a person. The assistant calls your team."),
]


class ReadableJsonField(forms.JSONField):
    """JSON with line breaks."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str | InvalidJSONInput):
            return super().prepare_value(value)
        return json.dumps(value, ensure_ascii=False, indent=2)


class AgentActionForm(ServiceForm[AgentAction]):
    """What a member sets of an action. Secrets are never shown again."""

    risk = forms.ChoiceField(label="Kind", choices=RISKS, widget=forms.RadioSelect, initial="read")
    secret = forms.CharField(
        label="Token",
        required=False,
        max_length=MAX_SECRET,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    asked = LinesField(
        widget=forms.Textarea(attrs=LINES),
        label="What visitors are asked for",
        required=False,
        help_text="One value per line: a short name, a colon, and what visitors read, such as "
        "order_number: your order number.",
    )
    response_fields = LinesField(
        widget=forms.Textarea(attrs=LINES),
        label="What the assistant is told",
        required=False,
        help_text="The fields of the response, one per line, such as status or tracking.url. Leave "
        "empty for all of them; then everything in the response may be told to visitors.",
    )
    parameters = ReadableJsonField(
        label="Values as JSON",
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text="Types, patterns, allowed values and fixed values. Changes here override "
        "those above.",
    )
    headers = ReadableJsonField(
        label="Headers as JSON",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text='Such as {"X-Shop": "main"}. Values are stored encrypted; null keeps the stored '
        "one.",
    )

    class Meta:
        model = AgentAction
        fields = [
            "agent", "title", "description", "risk", "enabled", "url", "secret", "asked",
            "response_fields", "name", "kind", "method", "parameters", "headers",
        ]  # fmt: skip
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            "url": forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
        }
        labels = {
            "agent": "Assistant",
            "description": "What visitors ask",
            "enabled": "In use",
            "url": "Address",
            "name": "Name",
        }
        help_texts = {
            "title": "What visitors read, such as Order status.",
            "description": "What visitors ask when they want this, one short sentence each, such "
            "as: Where is my order? Was my order sent?",
            "url": "The address of your shop's interface. {order_number} stands for what the "
            "visitor enters. Your developer or shop system has it; the documentation has examples "
            "for WooCommerce, Shopify and Python.",
            "name": "For AI models. Leave empty to make it from the title.",
            "method": "Most lookups are GET, most changes POST.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        given = self.initial.get("parameters") or row.parameters or []
        if "url" in self.fields:
            self.initial["asked"] = _lines(given)
            self.initial["headers"] = dict.fromkeys(row.encrypted_headers)
            self.fields["name"].required = False
            self.fields["url"].required = False
            self.fields["secret"].help_text = (
                "A token is stored, encrypted. Leave this empty to keep it."
                if row.encrypted_secret
                else "If the address needs one. It is sent as Authorization: Bearer, stored "
                "encrypted, and never shown again."
            )

    def clean(self) -> dict[str, Any]:
        """Make the name from the title, and the parameters from the lines unless they are given."""
        data = super().clean() or {}
        if not data.get("name") and data.get("title"):
            name = re.sub(r"[^a-z0-9]+", "_", data["title"].lower()).strip("_")
            data["name"] = (name if name[:1].isalpha() else f"action_{name}".strip("_"))[:64]
        given = data.get("parameters")
        data["parameters"] = [] if given is None else given
        data["headers"] = data.get("headers") or {}
        if "asked" in self.changed_data and not self._has_new_json():
            known = {
                each.get("name"): each
                for each in data["parameters"]
                if isinstance(data["parameters"], list) and isinstance(each, dict)
            }
            data["parameters"] = _parameters(data.get("asked", []), known)
        return data

    def _has_new_json(self) -> bool:
        before = self.initial.get("parameters") or []
        return json.dumps(before) != json.dumps(self.cleaned_data.get("parameters") or [])


def _lines(parameters: list[dict[str, Any]]) -> list[str]:
    return [
        f"{each['name']}: {each.get('description', '')}".rstrip(": ")
        for each in parameters
        if each.get("source", "visitor") == "visitor"
    ]


def _parameters(lines: list[str], known: dict[Any, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the parameters of the lines with what is known of them, and those not asked for."""
    found = []
    for line in lines:
        name, _, description = line.partition(":")
        name = name.strip().replace(" ", "_")
        found.append({**known.get(name, {}), "name": name, "description": description.strip()})
    others = [each for each in known.values() if each.get("source", "visitor") != "visitor"]
    return [*found, *others]
