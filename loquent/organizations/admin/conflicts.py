"""Detect edit conflicts: refuse a stale form, and show what the other user changed."""

from collections.abc import Sequence
from typing import Any, ClassVar, Generic

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.http import QueryDict

from loquent.errors import ApplicationError
from loquent.organizations.admin.forms import Row, ServiceForm
from loquent.organizations.audit import changed_since
from loquent.text import unix_lines


class GuardedForm(ServiceForm[Row], Generic[Row]):
    """A form that cannot silently overwrite another user's changes.

    The hidden `version` field says which version of the row the user loaded. If the row has changed
    since, nothing is saved; the form lists the changes and keeps the input. Methods of subclasses
    raise NotImplementedError, because Django's form metaclass doesn't combine with ABC's.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    # The noun for a row in messages, and the settings that are compared.
    noun: ClassVar[str]
    guarded: ClassVar[Sequence[str]]

    def lock_row(self) -> Row:
        """Return the current row, locked; raise ApplicationError if it was deleted."""
        raise NotImplementedError

    def version_of(self, row: Row) -> str:
        """Return the version of the row."""
        raise NotImplementedError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "version" in self.fields:
            self.initial["version"] = self.version_of(self.instance)
        # The version that was compared last, for the service to compare again.
        self.seen: str | None = None

    def refuse_stale(self) -> None:
        """Raise ValidationError if the row changed since the form was loaded.

        The form then contains the new version, so submitting it again saves it. The row stays
        locked until the request's transaction ends, so that it can't change between the comparison
        and the save.
        """
        try:
            fresh = self.lock_row()
        except ApplicationError as error:
            raise ValidationError(error.message) from None
        self.seen = self.version_of(fresh)
        loaded = self.data.get("version")
        if loaded in {None, "", self.seen}:
            return
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = self.seen
        self.data = data
        if changes := self._changes(fresh, since=str(loaded)):
            first = (
                f"Another user changed this {self.noun} while you were editing it. Nothing is "
                "saved yet, and the form still has your input. Copy the changes below that you "
                "want to keep into the form, then save again."
            )
            raise ValidationError([first, *changes])

    def _changes(self, fresh: Row, *, since: str) -> list[str]:
        """Return a sentence per setting that another user changed to a value unlike the form's."""
        changed = changed_since(fresh, since)
        now = model_to_dict(fresh)
        sentences = []
        for name in self.guarded:
            if name not in self.fields or not (changed is None or name in changed):
                continue
            field = self.fields[name]
            value = field.prepare_value(now.get(name))
            typed = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            if _text(typed) != _text(value):
                sentences.append(f"{field.label or name} is now {_shown(field, value)}.")
        return sentences


def _shown(field: forms.Field, stored: Any) -> str:
    if isinstance(field, forms.MultipleChoiceField):
        value = ", ".join(_label(field, str(key)) for key in stored or [])
        return f"“{value}”" if value else "empty"
    value = _text(stored)
    if isinstance(field, forms.BooleanField):
        return "on" if value else "off"
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return f"“{_label(field, value)}”"
    return f"“{' '.join(value.split())}”" if value else "empty"


def _label(field: forms.ChoiceField | forms.ModelChoiceField[Any], value: str) -> str:
    labels = {str(key): str(label) for key, label in list(field.choices)}  # type: ignore[arg-type]
    return labels.get(value, value)


def _text(value: Any) -> str:
    """Return a value as comparable text: checkboxes, None and line endings are normalized."""
    if value is True:
        return "on"
    if value is None or value is False:
        return ""
    return unix_lines(str(value)).strip()
