"""Two editors of one row: what the second one's form learns of the first one's changes."""

import json
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

Snapshot = dict[str, str]


def snapshot(form: forms.ModelForm[Any], values: dict[str, Any], names: list[str]) -> Snapshot:
    """These settings as a form shows them, as text; an unset box is an empty one."""
    return {name: _text(form.fields[name].prepare_value(values.get(name))) for name in names}


def dump(values: Snapshot) -> str:
    """A snapshot for a hidden field."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def load(text: str) -> Snapshot:
    """A snapshot that came back; nothing where it isn't one."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {str(name): value for name, value in values.items() if isinstance(value, str)}


def merge(
    form: forms.ModelForm[Any], data: MultiValueDict[str, Any], *, loaded: Snapshot, now: Snapshot
) -> list[str]:
    """Take over what others changed and this editor left alone; what was typed stays.

    Changes `data`, and gives a sentence for each setting that others changed since it was loaded.
    """
    sentences = []
    for name, value in now.items():
        if name not in loaded or loaded[name] == value:
            continue
        field = form.fields[name]
        label = str(field.label or name)
        typed = _typed(form, name, data)
        shown = _shown(field, value)
        if typed == value:
            continue
        if typed == loaded[name]:
            _put(field, name, data, value)
            sentences.append(f"{label} is now {shown}, which the form below has taken over.")
        else:
            sentences.append(f"{label} is now {shown}; below stands what you chose.")
    return sentences


def _typed(form: forms.ModelForm[Any], name: str, data: MultiValueDict[str, Any]) -> str:
    field = form.fields[name]
    raw = field.widget.value_from_datadict(data, form.files, form.add_prefix(name))
    return _text(raw)


def _put(field: forms.Field, name: str, data: MultiValueDict[str, Any], value: str) -> None:
    if isinstance(field, forms.BooleanField) and not value:
        data.pop(name, None)
    else:
        data[name] = value


def _shown(field: forms.Field, value: str) -> str:
    if isinstance(field, forms.BooleanField):
        return "on" if value else "off"
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        labels = {str(key): str(label) for key, label in list(field.choices)}  # type: ignore[arg-type]
        return f"“{labels.get(value, value)}”"
    return f"“{' '.join(value.split())}”" if value else "empty"


def _text(value: Any) -> str:
    """One spelling of a value: of a box, of nothing, of lines however they end."""
    if value is True:
        return "on"
    if value is None or value is False:
        return ""
    return str(value).replace("\r\n", "\n").strip()
