"""Contacts and conversations as NDJSON; conversations deleted."""

import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.rest.streaming import in_batches
from loquent.testing.openapi import openapi_document
from loquent.testing.people import make_widget
from loquent.testing.threads import settle_database_threads
from widgets.models import WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

Connect = Callable[..., APIClient]
CONTACTS, SESSIONS = "/api/v1/contacts/export/", "/api/v1/sessions/export/"


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


def export(client: APIClient, path: str, **query: str) -> list[dict[str, Any]]:
    response = client.get(path, query)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/x-ndjson"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Disposition"].startswith("attachment")
    text = b"".join(response).decode()
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_every_contact_is_exported_as_a_line(client: APIClient, acme: Organization) -> None:
    assert export(client, CONTACTS) == []
    names = ["Jane", "Two\nlines \u2028 and more", "Jo"]
    for name in names:
        Contact.objects.create(organization=acme, name=name)
    rows = export(client, CONTACTS)
    assert [row["name"] for row in rows] == names
    assert rows[0] == client.get(f"/api/v1/contacts/{rows[0]['id']}/").json()
    assert [row["name"] for row in export(client, CONTACTS, search="j")] == ["Jane", "Jo"]


@pytest.mark.parametrize("path", [CONTACTS, SESSIONS])
def test_export_is_not_paginated(client: APIClient, path: str) -> None:
    document = openapi_document()
    described = document["paths"][path]["get"]["parameters"]
    taken = [parameter["name"] for parameter in described if "name" in parameter]
    assert "search" in taken
    for name in ("cursor", "ordering"):
        assert name not in taken
        refused = client.get(path, {name: "abc"})
        assert refused.status_code == 400
        assert list(refused.json()["fields"]) == [name]
        assert name not in refused.json()["message"].partition("Use ")[2]


def test_conversation_is_exported_with_its_messages(client: APIClient, acme: Organization) -> None:
    widget = make_widget(acme)
    sessions = [create_widget_session(widget=widget)[0] for _ in range(45)]
    for session in sessions[1:]:
        append_message(session, role="user", content="Hello?")
        append_message(session, role="assistant", content="Hi!")
    rows = export(client, SESSIONS, widget_id=str(widget.id))
    assert [row["id"] for row in rows] == [str(session.id) for session in sessions]
    assert rows[0]["messages"] == []
    for row in (rows[1], rows[-1]):
        path = f"/api/v1/sessions/{row['id']}/"
        said = client.get(f"{path}messages/").json()["results"]
        assert row == {**client.get(path).json(), "messages": said}
        assert [message["content"] for message in said] == ["Hello?", "Hi!"]
    assert export(client, SESSIONS, last_answer="failed") == []


def test_query_count_grows_with_batches_not_rows(
    client: APIClient, acme: Organization, django_assert_max_num_queries: Any
) -> None:
    widget = make_widget(acme)
    for _ in range(60):
        session, _ = create_widget_session(widget=widget)
        append_message(session, role="user", content="x")
    with django_assert_max_num_queries(14):
        assert len(export(client, SESSIONS)) == 60


def test_rows_with_equal_timestamps_are_exported_once(acme: Organization) -> None:
    for number in range(25):
        Contact.objects.create(organization=acme, name=str(number))
    Contact.objects.filter(name__gt="15").update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    batches = list(in_batches(Contact.objects.all(), size=4))
    assert [len(batch) for batch in batches] == [4] * 6 + [1]
    assert len({row.id for batch in batches for row in batch}) == 25


def test_export_refusals_are_json(client: APIClient, acme: Organization) -> None:
    for accept in ("application/x-ndjson", "*/*", "application/json"):
        response = client.get(CONTACTS, {"x": "1"}, headers={"accept": accept})
        assert (response.status_code, response["Content-Type"]) == (400, "application/json")
        assert client.get(CONTACTS, headers={"accept": accept}).status_code == 200
    assert client.get(CONTACTS, headers={"accept": "text/csv"}).status_code == 406


@pytest.mark.django_db(transaction=True)
@pytest.mark.exhaustive
async def test_export_streams_under_asgi(acme: Organization) -> None:
    def make() -> str:
        Contact.objects.bulk_create(
            Contact(organization=acme, name=f"{n} {'x' * 150}") for n in range(30_000)
        )
        return create_api_key(organization=acme, name="x")[1]

    key = await in_database(make)
    headers = {"authorization": f"Bearer {key}"}
    response: Any = await AsyncClient().get(CONTACTS, headers=headers)
    sizes, most = [], 0
    tracemalloc.start()
    async for chunk in response:
        sizes.append(len(chunk))
        most = max(most, tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    settle_database_threads()
    assert len(sizes) == 60
    # All of it at once would be more.
    assert most < sum(sizes) * 0.6


def test_deleting_a_conversation_deletes_its_messages_and_turns(
    client: APIClient, acme: Organization
) -> None:
    widget = make_widget(acme)
    kept, _ = create_widget_session(widget=widget)
    session, _ = create_widget_session(widget=widget)
    contact = Contact.objects.create(organization=acme, name="Jane")
    WidgetSession.objects.update(contact=contact)
    for row in (kept, session):
        message = append_message(row, role="user", content="Hello?")
        WidgetTurn.objects.create(session=row, message=message)
    path = f"/api/v1/sessions/{session.id}/"
    response = client.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert client.get(path).status_code == client.delete(path).status_code == 404
    assert WidgetSession.objects.get() == kept
    assert WidgetMessage.objects.get().session == WidgetTurn.objects.get().session == kept
    assert Contact.objects.get() == contact
