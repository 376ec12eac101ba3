"""The admin's form of a widget: origins one a line, errors beside their fields."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loquent.errors import ApplicationError
from widgets.models import WidgetConfig
from widgets.services.configs import create_widget, update_widget
from widgets.services.validation import validate_widget_data
from widgets.types import WidgetConfigData


class OriginsField(forms.CharField):
    """Origins one a line; none at all means any site."""

    widget = forms.Textarea(attrs={"rows": 4, "placeholder": "https://example.com"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        return [line for line in lines if line] or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or None) != self.to_python(data))


class WidgetConfigForm(forms.ModelForm[WidgetConfig]):
    """All settings of a widget; the rules are the services'."""

    allowed_origins = OriginsField(
        required=False,
        help_text=(
            "The sites that may show this widget, one a line, such as https://example.com or "
            "https://*.example.com. Empty: any site."
        ),
    )

    class Meta:
        model = WidgetConfig
        fields = [
            "organization",
            *(n for n in WidgetConfigData.__dataclass_fields__ if n != "text_agent_id"),
            "text_agent",
        ]
        widgets = {
            "primary_color": forms.TextInput(attrs={"type": "color"}),
            "text_color": forms.TextInput(attrs={"type": "color"}),
            "greeting": forms.Textarea(attrs={"rows": 3}),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        organization = data.get("organization") or getattr(self.instance, "organization", None)
        if self.errors or organization is None:
            return data
        try:
            valid = validate_widget_data(organization=organization, data=self._data(data))
        except ApplicationError as error:
            raise ValidationError(
                {_form_field(name): sentences for name, sentences in error.fields.items()}
            ) from None
        return {**data, "allowed_origins": valid.allowed_origins}

    def save_through_services(self, widget: WidgetConfig) -> None:
        """Create or update the widget as every other door does."""
        data = self._data(self.cleaned_data)
        if widget._state.adding:
            made = create_widget(organization=widget.organization, data=data)
            widget.__dict__.update(made.__dict__)
        else:
            update_widget(widget=widget, data=data)

    def _data(self, cleaned: dict[str, Any]) -> WidgetConfigData:
        fields = {
            name: cleaned[name] for name in WidgetConfigData.__dataclass_fields__ if name in cleaned
        }
        return WidgetConfigData(text_agent_id=cleaned["text_agent"].id, **fields)


def _form_field(name: str) -> str:
    return "text_agent" if name == "text_agent_id" else name
