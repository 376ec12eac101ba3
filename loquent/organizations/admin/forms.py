"""Forms whose rows are saved by a service."""

import re
from typing import ClassVar, Generic, TypeVar

from django import forms
from django.db.models import Model

from loquent.errors import ApplicationError

Row = TypeVar("Row", bound=Model)
# Django's sentences about limits are those of a programmer.
PLAIN = (
    (
        re.compile(r"Ensure this value has at most (\S+) characters? \(it has (\S+)\)\."),
        r"Use at most \1 characters. These are \2.",
    ),
    (
        re.compile(r"Ensure this value is greater than or equal to (\S+?)(?:\.0)?\.$"),
        r"Enter \1 or more.",
    ),
    (
        re.compile(r"Ensure this value is less than or equal to (\S+?)(?:\.0)?\.$"),
        r"Enter \1 or less.",
    ),
)


class ServiceForm(forms.ModelForm[Row], Generic[Row]):
    """A form that only validates: the page's `save_model` calls the service.

    If the service refuses, `TenantAdmin` shows the form again with the errors beside their fields.
    """

    # The field that shows a refusal without a field name.
    refusal_field: ClassVar[str | None] = None
    # Set by the page, on a form class created per request.
    refusal: ClassVar[ApplicationError | None] = None

    def full_clean(self) -> None:
        super().full_clean()
        for errors in self.errors.values():
            for error in errors.as_data():
                error.message, error.params = in_plain_words(error.messages[0]), None
        if self.refusal is None or self.errors:
            return
        sentences_of = self.refusal.fields or {"": [self.refusal.message]}
        for name, sentences in sentences_of.items():
            field = name if name in self.fields else self.refusal_field
            self.add_error(field, forms.ValidationError(sentences))


def in_plain_words(sentence: str) -> str:
    """Return a validator's sentence as an owner reads it."""
    for pattern, words in PLAIN:
        sentence = pattern.sub(words, sentence)
    return sentence


def take_over(row: Model, saved: Model) -> None:
    """Copy what the service saved to the form's row."""
    for field in saved._meta.concrete_fields:
        setattr(row, field.attname, getattr(saved, field.attname))
    row._state.adding = False
