"""A search word finds a text whatever the case and accents of either."""

import pytest

from contacts.models import Contact
from loquent.organizations.models import Organization

FOUND = [
    ("zurcher", "Beat Zürcher"), ("ZÜRCHER", "Beat Zurcher"), ("strasse", "Langstraße"),
    ("straße", "Langstrasse"), ("nguyen", "Nguyễn Văn An"), ("nguyễn", "Nguyen"),
    ("lodz", "Łódź"), ("aebi", "Æbi"), ("σωκρατης", "ΣΩΚΡΆΤΗΣ"), ("елка", "Ёлка"),
    ("søren", "Soren"), ("a.b", "a.b"), ("100%", "100% wool"), ("田", "田中"), ("çelik", "CELIK"),
]  # fmt: skip
# Text of messages, in which letters have fewer forms.
IN_MESSAGES = [(word, text) for word, text in FOUND if (word, text) != ("nguyen", "Nguyễn Văn An")]


@pytest.mark.parametrize(("word", "text"), FOUND)
def test_word_is_found(acme: Organization, word: str, text: str) -> None:
    Contact.objects.create(organization=acme, name=text)
    assert Contact.objects.filter(name__folded=word).exists()


@pytest.mark.parametrize(("word", "text"), IN_MESSAGES)
def test_word_is_found_with_the_index(acme: Organization, word: str, text: str) -> None:
    Contact.objects.create(organization=acme, name=text)
    assert Contact.objects.filter(name__folded_indexed=word).exists()


@pytest.mark.parametrize(
    ("word", "text"), [("zurcher", "Zuercher"), ("a.b", "axb"), (".*", "anything"), ("[a]", "a")]
)
def test_other_text_is_not_found(acme: Organization, word: str, text: str) -> None:
    Contact.objects.create(organization=acme, name=text)
    assert not Contact.objects.filter(name__folded=word).exists()
    assert not Contact.objects.filter(name__folded_indexed=word).exists()
