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
