"""Searches in the admin's lists are cut before anything splits them into words."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.text import smart_split

from contacts.models import Contact
from loquent.limits import MAX_SEARCH
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from widgets.services import conversations
from widgets.tests.test_conversation_list import make_conversation

SEARCHED = [
    model
    for model, page in admin.site._registry.items()
    if isinstance(page, TenantAdmin) and page.search_fields
]
# Django's pattern for words takes quadratic time over it: 32,000 characters of it, four seconds.
HOSTILE = "a" + " ''\\\"" * 5_000


@pytest.mark.parametrize("model", SEARCHED, ids=lambda model: model.__name__)
def test_long_search_is_truncated(
    client: Client, alice: User, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def watched(text: str) -> Any:
        seen.append(len(text))
        return smart_split(text[:MAX_SEARCH])

    monkeypatch.setattr("django.contrib.admin.options.smart_split", watched)
    client.force_login(alice)
    page = client.get(
        reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"), {"q": HOSTILE}
    )
    assert page.status_code == 200
    assert all(length <= MAX_SEARCH for length in seen)


def test_all_lists_with_a_search_are_tested() -> None:
    assert len(SEARCHED) >= 8


def test_conversation_search_words_are_cut(acme: Organization) -> None:
    word = "b" * MAX_SEARCH
    session = make_conversation(acme, word)
    sessions = type(session).objects.all()
    found, _ = conversations.find_conversations(sessions=sessions, text=word + "c" * 60_000)
    assert found == {session.id}


def test_search_of_ordinary_length_finds_rows(
    client: Client, alice: User, acme: Organization
) -> None:
    make_agent(acme)
    Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")
    client.force_login(alice)
    page = client.get(reverse("admin:contacts_contact_changelist"), {"q": "jane example"})
    assert page.context["cl"].result_count == 1
