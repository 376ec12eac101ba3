"""Two editors of one row: the second one's form is refused, and shows the first one's changes."""

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
    """A form that overwrites nothing, unseen, that somebody else saved meanwhile.

    `version` goes to the browser and comes back: which state of the row the editor saw. If
    somebody else changed it since, nothing is saved; the form lists the changes and keeps what
    was typed. Methods of subclasses raise here: Django's form metaclass excludes ABC's.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
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
        # The version that was compared last, for the service to compare again.
        self.seen: str | None = None

    def refuse_stale(self) -> None:
        """Raise ValidationError if the row changed since the form was loaded.

        The form then has the new version: sent again, it is saved. The row stays locked until
        the request's transaction ends, so that what was compared is what is saved.
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
                f"Somebody else changed this {self.noun} while you worked on it. Nothing is saved "
                "yet, and the form still has what you entered. Enter the changes that you want to "
                "keep, then save again."
            )
            raise ValidationError([first, *changes])

    def _changes(self, fresh: Row, *, since: str) -> list[str]:
        """A sentence for each setting that others changed and that the form doesn't have."""
        changed = changed_since(fresh, since)
        now = model_to_dict(fresh)
        sentences = []
        for name in self.guarded:
            if name not in self.fields or not (changed is None or name in changed):
                continue
            field = self.fields[name]
            value = _text(field.prepare_value(now.get(name)))
            typed = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            if _text(typed) != value:
                sentences.append(f"{field.label or name} is now {_shown(field, value)}.")
        return sentences


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
