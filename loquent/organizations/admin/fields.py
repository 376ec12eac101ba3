"""Form fields shared by all apps."""

from typing import Any

from django import forms

from loquent.text import unix_lines


class LongTextField(forms.CharField):
    """A multi-line text, stored and counted with line feeds only.

    Browsers send CR LF; an unchanged text would then differ from the stored one, and might exceed
    its limit.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(unix_lines(value) if isinstance(value, str) else value)
