"""The admin form of a widget: lists with one item per line, errors beside their fields."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loquent.agents.services import free_models
from loquent.errors import ApplicationError
from loquent.organizations.access import answering_members
from loquent.organizations.admin.conflicts import GuardedForm
from loquent.organizations.admin.fields import LinesField, LongTextField
from loquent.organizations.admin.forms import take_over
from widgets.models import WidgetConfig
from widgets.origins import OriginError, add_www, normalize_origin_entry
from widgets.services.configs import (
    create_widget,
    lock_widget,
    update_widget,
    widget_version,
)
from widgets.services.setup.first_run import PRIMARY_COLOR
from widgets.services.validation import (
    MAX_STARTER,
    MAX_STARTERS,
    data_columns,
    validate_widget_data,
)
from widgets.types import NoticeData, WidgetConfigData

# Defaults for a new widget in the form. Over REST there is no cap unless one is sent.
PROPOSED_CAP = 500
# For the people who pay for the model.
COSTS = (
    "An answer from a model uses about 1,000 tokens in a short conversation and 7,000 in a long "
    f"one, so {PROPOSED_CAP} messages use at most about {PROPOSED_CAP * 7_000 / 1e6:g} million "
    f"tokens per day. {free_models()} uses no tokens."
)
# Brand colours on which white text is readable; the first is a new widget's.
SWATCHES = {
    "Indigo": PRIMARY_COLOR,
    "Blue": "#1d4ed8",
    "Teal": "#0f766e",
    "Red": "#b42318",
    "Purple": "#7e22ce",
    "Grey": "#374151",
}
NOTICE_FIELDS = ("notice_text", "notice_url", "notice_consent")
# Settings with a form field of the same name.
SETTINGS = [
    name
    for name in WidgetConfigData.__dataclass_fields__
    if name not in ("text_agent_id", "notice")
]


class OriginsField(LinesField):
    """Origins, one per line; an empty field allows any site."""

    widget = forms.Textarea(attrs={"rows": 4, "placeholder": "example.com"})

    def to_python(self, value: Any) -> Any:
        return [entry for line in super().to_python(value) for entry in add_www(line)] or None


class MembersField(forms.MultipleChoiceField):
    """Members of the organization, by their ids; former members are left out."""

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Any) -> Any:
        wanted = {str(each) for each in value or []}
        return [key for key, _ in list(self.choices) if key in wanted]  # type: ignore[arg-type]


def recipient_choices(
    organization_id: uuid.UUID, member_ids: Sequence[str] | None = None
) -> dict[str, str]:
    """Return the names of the members who may answer, or of those of them with these ids."""
    members = answering_members(organization_id).order_by("created_at", "id")
    return {
        str(member.id): f"{member.public_name} ({member.user.get_username()})"
        for member in members
        if member_ids is None or str(member.id) in member_ids
    }


class WidgetConfigForm(GuardedForm[WidgetConfig]):
    """All settings of a widget; the services validate them."""

    noun = "widget"
    guarded = (*SETTINGS, *NOTICE_FIELDS, "text_agent")

    allowed_origins = OriginsField(
        required=False,
        label="Allowed sites",
        help_text=(
            "Only these websites can show the chat, one per line. example.com also allows "
            "www.example.com; https://*.example.com allows all its subdomains. Leave empty to "
            "allow all websites."
        ),
    )
    # False for the preview, whose form is never saved.
    watches_conflicts = True

    starters = LinesField(
        label="Suggested questions",
        required=False,
        help_text=(
            f"One per line, up to {MAX_STARTERS}, of up to {MAX_STARTER} characters each. Visitors "
            "see them before their first message and can send one with a click."
        ),
    )

    class Meta:
        model = WidgetConfig
        fields = ["organization", *SETTINGS, *NOTICE_FIELDS, "text_agent"]
        field_classes = {"greeting": LongTextField, "notice_text": LongTextField}
        widgets = {
            "primary_color": forms.TextInput(
                attrs={"data-color": "", "maxlength": 7, "data-swatches": json.dumps(SWATCHES)}
            ),
            "text_color": forms.TextInput(attrs={"data-color": "", "maxlength": 7}),
            "greeting": forms.Textarea(attrs={"rows": 3}),
            "notice_text": forms.Textarea(attrs={"rows": 2}),
            "notice_url": forms.URLInput(
                attrs={"class": "vTextField", "placeholder": "https://example.com/privacy"}
            ),
        }
        labels = {
            "notice_url": "Privacy policy URL",
            "notice_consent": "Ask for consent before the first message",
            "text_agent": "Assistant",
            "enabled": "Active",
            "primary_color": "Main colour",
            "text_color": "Text colour",
            "position": "Position",
            "contact_info_mode": "Ask visitors for their details",
            "collect_name": "Name",
            "collect_email": "Email",
            "collect_phone": "Phone number",
            "daily_message_cap": "Daily message limit",
        }
        help_texts = {
            "enabled": "When off, no website shows the chat.",
            "text_agent": "The assistant that answers in this chat.",
            "notice_url": "For example https://example.com/privacy.",
            "notice_consent": "",
            "primary_color": "Used for the button, the title bar and the visitor's own messages.",
            "daily_message_cap": (
                "How many messages all visitors together can send per day. Leave empty for no "
                "limit; 0 blocks all messages."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial.setdefault("daily_message_cap", PROPOSED_CAP)
            if "primary_color" not in (kwargs.get("initial") or {}):
                self.initial["primary_color"] = PRIMARY_COLOR
            self._choose_only_agent()

    def _choose_only_agent(self) -> None:
        field = self.fields.get("text_agent")
        if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
            found = list(field.queryset[:2])
            if len(found) == 1:
                self.initial.setdefault("text_agent", found[0].pk)

    def lock_row(self) -> WidgetConfig:
        return lock_widget(widget=self.instance)

    def version_of(self, row: WidgetConfig) -> str:
        return widget_version(row)

    def clean_notice_text(self) -> str | None:
        return self.cleaned_data["notice_text"] or None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.watches_conflicts and not self.instance._state.adding:
            self.refuse_stale()
        organization = data.get("organization") or getattr(self.instance, "organization", None)
        if self.errors or organization is None:
            return data
        try:
            valid = validate_widget_data(organization=organization, data=self._data(data))
        except ApplicationError as error:
            raise ValidationError(
                {_form_field(name): sentences for name, sentences in error.fields.items()}
            ) from None
        columns = data_columns(valid)
        return {**data, **{name: value for name, value in columns.items() if name in data}}

    def save_through_services(self, widget: WidgetConfig) -> None:
        """Create or update the widget through the same services as the REST API."""
        data = self._data(self.cleaned_data)
        if widget._state.adding:
            made = create_widget(organization=widget.organization, data=data)
            take_over(widget, made)
        else:
            update_widget(widget=widget, data=data, expected_version=self.seen)

    def renamed_origins(self) -> list[tuple[str, str]]:
        """Return the lines of the list that are stored in another spelling, with that spelling."""
        typed = str(self.data.get(self.add_prefix("allowed_origins"), ""))
        return [
            (line, entry["origin"])
            for line, entry in ((e["typed"], e) for e in read_origins(typed.splitlines()))
            if entry["origin"] and entry["origin"] != line
        ]

    def _data(self, cleaned: dict[str, Any]) -> WidgetConfigData:
        notice: NoticeData = {
            "text": cleaned["notice_text"] or "",
            "url": cleaned["notice_url"],
            "consent": cleaned["notice_consent"],
        }
        return WidgetConfigData(
            text_agent_id=cleaned["text_agent"].id,
            notice=notice,
            **{name: cleaned[name] for name in SETTINGS},
        )


def read_origins(lines: Sequence[str]) -> list[dict[str, str]]:
    """Return each line's stored form, or its error; skip empty lines."""
    found = []
    for line in (line.strip() for line in lines):
        if line:
            try:
                stored = ", ".join(normalize_origin_entry(entry) for entry in add_www(line))
                entry = {"typed": line, "origin": stored, "error": ""}
            except OriginError as error:
                entry = {"typed": line, "origin": "", "error": str(error)}
            found.append(entry)
    return found


def _form_field(name: str) -> str:
    return "text_agent" if name == "text_agent_id" else name.replace(".", "_")
