"""Fields that the forms of every app share."""

from typing import Any

from django import forms

from loquent.text import unix_lines


class LongTextField(forms.CharField):
    """A text of several lines, as it is stored and counted: with line feeds alone.

    Browsers send CR LF. Kept, a text that nobody touched would differ from the stored one, and be
    longer than its limit.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(unix_lines(value) if isinstance(value, str) else value)
