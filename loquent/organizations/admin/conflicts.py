"""Two editors of one row: what the second one's form learns of the first one's changes."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.models import model_to_dict
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from loquent.errors import ApplicationError
from loquent.text import unix_lines

Snapshot = dict[str, str]
Row = TypeVar("Row", bound=Model)


class GuardedForm(forms.ModelForm[Row], Generic[Row]):
    """A form that overwrites nothing, unseen, that somebody else saved meanwhile.

    `version` and `loaded` go to the browser and come back: which state of the row the editor saw.
    Where somebody else changed it since, nothing is saved; the form says what changed. What
    subclasses owe raises here: Django's metaclass of forms doesn't go with that of ABC.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    loaded = forms.CharField(required=False, widget=forms.HiddenInput)
    # What a row is called, and the settings that are compared.
    noun: ClassVar[str]
    guarded: ClassVar[Sequence[str]]

    def lock_row(self) -> Row:
        """The row as it is now, locked; raises ApplicationError where it is gone."""
        raise NotImplementedError

    def version_of(self, row: Row) -> str:
        """What tells the row's states apart."""
        raise NotImplementedError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "version" in self.fields:
            self.initial["version"] = self.version_of(self.instance)
            self.initial["loaded"] = dump(self._snapshot(self.instance))
        # The version that was compared last, for the service to compare again.
        self.seen: str | None = None

    def refuse_stale(self) -> None:
        """An error for who edits another state than there is; their form then holds both.

        The row stays locked until the request's transaction ends, so that what was compared is
        what is saved.
        """
        try:
            fresh = self.lock_row()
        except ApplicationError as error:
            raise ValidationError(error.message) from None
        self.seen = version = self.version_of(fresh)
        if self.data.get("version") in {None, "", version}:
            return
        data = QueryDict(mutable=True)
        data.update(self.data)
        now = self._snapshot(fresh)
        changes = merge(self, data, loaded=load(str(self.data.get("loaded", ""))), now=now)
        data["version"], data["loaded"] = version, dump(now)
        self.data = data
        if changes:
            first = (
                f"Somebody else changed this {self.noun} while you worked on it. Nothing is saved "
                "yet: look at what changed, then save again."
            )
            raise ValidationError([first, *changes])

    def _snapshot(self, row: Row) -> Snapshot:
        names = [name for name in self.guarded if name in self.fields]
        return snapshot(self, model_to_dict(row), names)


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
    return unix_lines(str(value)).strip()
