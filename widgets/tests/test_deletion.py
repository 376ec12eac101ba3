"""Deleting what much hangs on: the page that asks counts it, and no request loads all of it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from loquent.organizations.admin import base as admin_base
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services import sessions as session_services
from widgets.tests.test_conversation_search import make_many

ADMIN = "/admin/widgets/"
CONVERSATIONS = f"{ADMIN}widgetsession/"


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Shop")


@pytest.fixture
def client(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def all_of_them(*rows: Any, **more: str) -> dict[str, Any]:
    """What the list's form sends to delete all rows that the list has."""
    chosen = [str(row.pk) for row in rows]
    more = {"select_across": "1", **more}
    return {"action": "delete_selected", "_selected_action": chosen, **more}


def test_widget_deletion_page_counts_related_rows(client: Client, widget: WidgetConfig) -> None:
    path = f"{ADMIN}widgetconfig/{widget.pk}/delete/"
    counts = []
    for days_ago in range(2):
        made = make_many(widget, 20, "Hello", "Anybody there?", days_ago=days_ago)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path).content.decode()
        counts.append(len(queries))
    assert f'Widget: <a href="{ADMIN}widgetconfig/{widget.pk}/change/">Shop</a>' in page
    assert "Conversations: 40" in page
    assert "Messages: 80" in page
    assert str(made[0].pk) not in page
    assert counts[0] == counts[1]


def test_conversation_deletion_page_counts_messages(client: Client, widget: WidgetConfig) -> None:
    made = make_many(widget, admin_base.MOST_NAMED + 20, "Hello", "Anybody there?")
    page = client.post(CONVERSATIONS, all_of_them(made[0])).content.decode()
    assert "Conversations: 120" in page
    assert "Messages: 240" in page
    assert page.count("Conversation: <a") == admin_base.MOST_NAMED
    assert "and 20 more" in page
    assert page.count('name="_selected_action"') == 120
    assert "Hello" not in page
    client.post(CONVERSATIONS, all_of_them(*made, select_across="0", post="yes"))
    assert WidgetSession.objects.count() == WidgetMessage.objects.count() == 0


def test_deleting_too_many_rows_is_refused_immediately(
    client: Client, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_base, "MOST_DELETED", 3)
    made = make_many(widget, 4, "Hello")
    page = client.post(CONVERSATIONS, all_of_them(made[0]), follow=True).content.decode()
    assert "You can delete at most 3 rows at once." in page
    assert WidgetSession.objects.count() == 4
    made[3].delete()
    page = client.post(CONVERSATIONS, all_of_them(made[0])).content.decode()
    assert "Conversations: 3" in page


def test_only_the_first_widgets_using_an_agent_are_named(
    client: Client, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_base, "MOST_NAMED", 2)
    agent = make_agent(acme)
    for number in range(5):
        make_widget(acme, agent=agent, name=f"Shop {number}")
    page = client.get(f"/admin/agents/textagent/{agent.pk}/delete/").content.decode()
    assert page.count("Widget: <a") == 2
    assert "and 3 more" in page


def test_deleting_a_contact_keeps_conversations(
    client: Client, acme: Organization, widget: WidgetConfig
) -> None:
    jane = Contact.objects.create(organization=acme, name="Jane")
    make_many(widget, 2, "Hello", contact=jane)
    page = client.get(f"/admin/contacts/contact/{jane.pk}/delete/").content.decode()
    assert "Contacts: 1" in page
    assert "Conversations:" not in page


@pytest.mark.parametrize("door", ["page", "list", "REST"])
def test_widget_is_deleted_in_batches_of_conversations(
    client: Client, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    monkeypatch.setattr(session_services, "DELETED_AT_ONCE", 2)
    made = make_many(widget, 7, "Hello", "Anybody there?")
    with CaptureQueriesContext(connection) as queries:
        if door == "page":
            client.post(f"{ADMIN}widgetconfig/{widget.pk}/delete/", {"post": "yes"})
        elif door == "list":
            client.post(f"{ADMIN}widgetconfig/", all_of_them(widget, post="yes"))
        else:
            client.delete(f"/api/v1/widgets/{widget.pk}/")
    assert WidgetConfig.objects.count() == WidgetMessage.objects.count() == 0
    assert most_at_once(queries, made) == 2


def test_conversations_are_deleted_in_batches(
    client: Client, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_services, "DELETED_AT_ONCE", 2)
    made = make_many(widget, 7, "Hello", "Anybody there?")
    with CaptureQueriesContext(connection) as queries:
        client.post(CONVERSATIONS, all_of_them(*made, post="yes"))
    assert WidgetSession.objects.count() == WidgetMessage.objects.count() == 0
    assert most_at_once(queries, made) == 2


def most_at_once(queries: CaptureQueriesContext, sessions: list[WidgetSession]) -> int:
    """Of how many conversations the messages were deleted, or loaded for it, by one query."""
    begins = ('SELECT "widgets_widgetmessage"."id"', 'DELETE FROM "widgets_widgetmessage"')
    statements = [q["sql"] for q in queries.captured_queries if q["sql"].startswith(begins)]
    ids = [(str(session.pk), session.pk.hex) for session in sessions]
    return max(sum(any(text in sql for text in both) for both in ids) for sql in statements)


def test_pages_say_what_stands_in_the_way_or_stays(client: Client, widget: WidgetConfig) -> None:
    agent = widget.text_agent
    page = client.get(f"/admin/agents/textagent/{agent.pk}/delete/").content.decode()
    assert "answers in 1 widget. Choose another assistant there first:" in page
    assert f'href="/admin/widgets/widgetconfig/{widget.pk}/change/"' in page
    contact = Contact.objects.create(organization=widget.organization, name="Jane")
    path = f"/admin/contacts/contact/{contact.pk}"
    deleting = client.get(f"{path}/delete/").content.decode()
    assert "Its conversations are kept." in deleting
    assert 'href="../erase/"' in deleting
    erasing = client.get(f"{path}/erase/").content.decode()
    assert f'href="{path}/delete/"' in erasing
    # What counts zero is left out.
    assert "0 conversations" not in erasing
    assert "0 other conversations" not in erasing
