"""Arrange the fieldsets of an admin form as tabs of one document."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.helpers import AdminForm, Fieldset
from django.utils.text import slugify


@dataclass(slots=True)
class FormTab:
    """A tab of a form. Without fieldsets, its panel is the page's section with the same id."""

    label: str
    fieldsets: list[Fieldset] = field(default_factory=list)
    # A template that follows the fieldsets.
    extra: str = ""

    @property
    def id(self) -> str:
        return slugify(self.label)


def leave_out(fieldsets: Sequence[Any], names: Collection[str]) -> list[Any]:
    """Return fieldsets without some of their fields."""
    return [
        (title, {**options, "fields": [name for name in options["fields"] if name not in names]})
        for title, options in fieldsets
    ]


def form_tabs(form: AdminForm, extras: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the context of a form with tabs.

    Fieldsets without a name are above the tabs. Each other one is a tab, and a collapsed one
    belongs to the tab before it. `extras` names templates by the labels of their tabs.
    """
    top: list[Fieldset] = []
    tabs: list[FormTab] = []
    for fieldset in form:
        label: str = getattr(fieldset, "name", None) or ""
        if not label:
            top.append(fieldset)
        elif "collapse" in fieldset.classes and tabs:
            tabs[-1].fieldsets.append(fieldset)
        else:
            tabs.append(FormTab(label, [fieldset], (extras or {}).get(label, "")))
    return {"lq_form_top": top, "lq_form_tabs": tabs}
