"""Form fields shared by all apps."""

from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError

from loquent.text import unix_lines


class LongTextField(forms.CharField):
    """A multi-line text, stored and counted with line feeds only.

    Browsers send CR LF; an unchanged text would then differ from the stored one, and might exceed
    its limit.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(unix_lines(value) if isinstance(value, str) else value)


class LinesField(forms.CharField):
    """A list of texts, one per line; empty lines are ignored."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        return [line for line in lines if line]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != (self.to_python(data) or []))


def international_phone(typed: str, region: str) -> str:
    """Return a phone number in its international spelling; raise ValidationError.

    `region`: two letters, for a number without a country code; may be empty.
    """
    if not typed.strip():
        return ""
    try:
        number = phonenumbers.parse(typed, region.strip().upper() or None)
    except phonenumbers.NumberParseException:
        raise ValidationError(
            "Enter a phone number with its country code, like +41 44 123 45 67."
        ) from None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
