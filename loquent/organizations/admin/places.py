"""Form fields for a time zone and a country, which browsers complete while a member types."""

import unicodedata
import zoneinfo
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError

from loquent.text import normalize_unicode


@cache
def countries() -> dict[str, str]:
    """Return the names of the regions that have telephone numbers, by their two letters."""
    table = files("tzdata") / "zoneinfo" / "iso3166.tab"
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    known = {code: name for code, name, *_ in rows if code in phonenumbers.SUPPORTED_REGIONS}
    return dict(sorted(known.items(), key=lambda row: row[1]))


@cache
def zones() -> dict[str, str]:
    """Return the time zones of places, such as Europe/Zurich, and UTC. They have no other name."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name)
    return dict.fromkeys(["UTC", *(name for name in names if not name.startswith("Etc/"))], "")


class CompletedInput(forms.TextInput):
    """A text input with suggestions; `suggest` is called when it is rendered."""

    template_name = "admin/organizations/organization/completed.html"

    def __init__(self, suggest: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(attrs={"autocomplete": "off", "class": "vTextField"})
        self.suggest = suggest

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id', name)}_choices"
        context["widget"]["attrs"]["list"] = list_id
        return {**context, "list_id": list_id, "suggestions": self.suggest().items()}


class ZoneField(forms.CharField):
    """A time zone, typed by its name or its city, in any case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, widget=CompletedInput(zones), **kwargs)

    def to_python(self, value: Any) -> str:
        wanted = _folded(super().to_python(value) or "")
        names = [name for name in zoneinfo.available_timezones() if _folded(name) == wanted]
        cities = [name for name in zones() if _folded(name.rpartition("/")[2]) == wanted]
        if wanted and not names and len(cities) != 1:
            raise ValidationError("Choose a time zone from the list, such as Europe/Zurich.")
        return (names or cities)[0] if wanted else ""


class CountryField(forms.CharField):
    """The two letters of a country, which can be typed by its English name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, widget=CompletedInput(countries), **kwargs)

    def to_python(self, value: Any) -> str:
        wanted = _folded(super().to_python(value) or "")
        for code, name in countries().items():
            if wanted in {code.casefold(), _folded(name)}:
                return code
        if wanted:
            raise ValidationError("Choose a country from the list, or enter two letters like CH.")
        return ""


def _folded(text: str) -> str:
    letters = normalize_unicode("NFKD", text.replace("_", " ")).strip().casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
