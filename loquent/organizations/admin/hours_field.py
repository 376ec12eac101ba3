"""Form fields for business hours, one line per day, and holidays, one date per line."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loquent.organizations.business_hours import (
    DAYS,
    Hours,
    format_ranges,
    parse_ranges,
    validate_holidays,
)

DAY_NAMES = dict(
    zip(
        DAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)


class HoursWidget(forms.MultiWidget):
    """A text input per day of the week, each with its own label."""

    template_name = "admin/organizations/organization/hours.html"

    def __init__(self) -> None:
        super().__init__(
            {day: forms.TextInput(attrs={"maxlength": 60, "class": "vTextField"}) for day in DAYS}
        )

    def decompress(self, value: Hours | None) -> list[str]:
        return [format_ranges((value or {}).get(day, [])) for day in DAYS]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for day, widget in zip(DAYS, context["widget"]["subwidgets"], strict=True):
            widget["label"] = DAY_NAMES[day]
        return context


class HoursField(forms.MultiValueField):
    """The weekly hours; None if every line is empty."""

    def __init__(self, **kwargs: Any) -> None:
        fields = [forms.CharField(required=False, max_length=60) for _ in DAYS]
        kwargs.setdefault("widget", HoursWidget())
        super().__init__(fields=fields, require_all_fields=False, required=False, **kwargs)

    def compress(self, data_list: list[str]) -> Hours | None:
        hours: Hours = {}
        errors = []
        for day, text in zip(DAYS, data_list, strict=False):
            try:
                ranges = parse_ranges(text)
            except ValidationError as error:
                errors += [f"{DAY_NAMES[day]}: {message}" for message in error.messages]
                continue
            if ranges:
                hours[day] = ranges
        if errors:
            raise ValidationError(errors)
        return hours or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        before = initial if isinstance(initial, list) else self.widget.decompress(initial)
        return super().has_changed(before, data)


class HolidaysField(forms.CharField):
    """Dates, one per line; sorted, each once."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 20})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) if not isinstance(value, list) else "\n".join(value)
        return sorted(set((text or "").split()))

    def validate(self, value: Any) -> None:
        validate_holidays(value)

    def run_validators(self, value: Any) -> None:
        """Skip the validators of texts."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))
