"""The forms of the set-up assistant."""

from typing import Any

from django import forms

from loquent.agents.importing.files import KINDS
from loquent.organizations.admin.fields import LongTextField, international_phone
from loquent.organizations.models import Organization
from widgets.services.setup.first_run import QUESTIONS

MAX_ANSWER = 4_000
MOST_FILES = 10


class ShopForm(forms.ModelForm[Organization]):
    """Who the shop is, and how people reach it."""

    website = forms.URLField(
        max_length=300,
        required=False,
        assume_scheme="https",
        widget=forms.TextInput(attrs={"placeholder": "example.com", "inputmode": "url"}),
    )

    class Meta:
        model = Organization
        fields = ["website", "has_no_website", "name", "email", "phone"]
        labels = {
            "has_no_website": "I don't have a website",
            "name": "Name of your shop",
            "email": "Email address for customers",
            "phone": "Phone number for customers",
        }
        help_texts = {"email": "", "phone": "With the country code, like +41 44 123 45 67."}

    def clean_phone(self) -> str:
        """Return the number in its international spelling."""
        return international_phone(
            self.cleaned_data["phone"], self.instance.default_phone_region or ""
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("website"):
            data["has_no_website"] = False
        return data


class ManyFiles(forms.ClearableFileInput):
    """A field for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, which may all be missing."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        one = super().clean
        files = [one(each, initial) for each in data or []]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"Choose at most {MOST_FILES} files at once.")
        return files


class TeachForm(forms.Form):
    """What most visitors ask, and files."""

    documents = FilesField(
        required=False,
        label="Files",
        help_text="Markdown, text, HTML or CSV, up to 2 MB each.",
        widget=ManyFiles(attrs={"accept": ",".join(KINDS)}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answers = {
            key: LongTextField(
                label=question,
                required=False,
                max_length=MAX_ANSWER,
                widget=forms.Textarea(attrs={"rows": 3}),
            )
            for key, (_, question) in QUESTIONS.items()
        }
        self.fields = {**answers, **self.fields}
