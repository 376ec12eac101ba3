"""What lists can be narrowed down by, and in which order they come."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

Connect = Callable[..., APIClient]
START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ["widgets", "agents", "contacts", "sessions", "api-keys"]


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


def found(client: APIClient, kind: str, **query: str) -> list[str]:
    response = client.get(f"/api/v1/{kind}/", query)
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def same(ids: list[str], *rows: Any) -> bool:
    return ids == [str(row.id) for row in rows]


def say(widget: WidgetConfig, *answers: str, text: str = "Hello", **more: Any) -> WidgetSession:
    """A session with a question, and an answer of each of these statuses."""
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content=text)
    for status in answers:
        append_message(session, role="assistant", content="Answer", status=status, **more)
    return session


def test_contact_filters_select_rows(client: APIClient, acme: Organization) -> None:
    jane = Contact.objects.create(
        organization=acme, name="Jane Müller", email="jane@example.com", phone="+41446681800"
    )
    joe = Contact.objects.create(organization=acme, name="Joe", email="joe@example.org")
    assert same(found(client, "contacts", email=" JANE@Example.com"), jane)
    assert same(found(client, "contacts", phone="044 668 18 00"), jane)
    assert same(found(client, "contacts", search="jane m"), jane)
    assert same(found(client, "contacts", search="EXAMPLE.ORG"), joe)
    assert same(found(client, "contacts", search="4466"), jane)
    assert same(found(client, "contacts", search="example", email="joe@example.org"), joe)
    assert found(client, "contacts", search="100%") == found(client, "contacts", search="_") == []


def test_widget_and_agent_filters_select_rows(client: APIClient, acme: Organization) -> None:
    agent = make_agent(acme, name="Ann", model="openai-chat:gpt-4.1-mini")
    shop = make_widget(acme, agent=agent, name="Shop")
    off = make_widget(acme, name="Help", enabled=False)
    assert same(found(client, "widgets", enabled="true"), shop)
    assert same(found(client, "widgets", enabled="false"), off)
    assert same(found(client, "widgets", text_agent_id=str(agent.id)), shop)
    assert same(found(client, "widgets", widget_id=off.widget_id), off)
    assert same(found(client, "widgets", search="sho"), shop)
    assert same(found(client, "agents", model=agent.model), agent)
    assert same(found(client, "agents", search="ann"), agent)


def test_session_filters_select_rows(client: APIClient, acme: Organization) -> None:
    widget, other = make_widget(acme), make_widget(acme)
    failed = say(widget, "complete", "failed", text="Where is my parcel?")
    fine = say(widget, "failed", "complete", rating="up")
    silent = say(other)
    jane = Contact.objects.create(organization=acme, name="Jane")
    WidgetSession.objects.filter(id=silent.id).update(
        contact=jane, last_active_at=START + timedelta(days=900)
    )
    assert same(found(client, "sessions"), silent, fine, failed)
    assert same(found(client, "sessions", widget_id=str(widget.id)), fine, failed)
    assert same(found(client, "sessions", contact_id=str(jane.id)), silent)
    assert same(found(client, "sessions", last_answer="failed"), failed)
    assert same(found(client, "sessions", last_answer="complete"), fine)
    assert same(found(client, "sessions", last_answer="stopped"))
    assert same(found(client, "sessions", has_feedback="true"), fine)
    assert same(found(client, "sessions", has_feedback="false"), silent, failed)
    assert same(found(client, "sessions", rating="up"), fine)
    assert same(found(client, "sessions", rating="down"))
    assert same(found(client, "sessions", search="PARCEL"), failed)
    assert same(found(client, "sessions", active_from="2028-01-01T00:00:00Z"), silent)
    rows = client.get("/api/v1/sessions/").json()["results"]
    assert [row["last_answer"] for row in rows] == [None, "complete", "failed"]
    assert [row["message_count"] for row in rows] == [1, 3, 3]


def test_message_filters_select_rows(client: APIClient, acme: Organization) -> None:
    session = say(make_widget(acme), "complete", "failed")
    path = f"/api/v1/sessions/{session.id}/messages/"

    def seqs(**query: str) -> list[int]:
        return [row["seq"] for row in client.get(path, query).json()["results"]]

    assert seqs() == [1, 2, 3]
    assert seqs(role="user") == [1]
    assert seqs(status="failed") == [3]
    assert seqs(rating="up") == []
    for query in ({"ordering": "seq"}, {"role": "staffs"}, {"widget_id": str(session.widget_id)}):
        response = client.get(path, query)
        assert response.status_code == 400
        assert response.json()["fields"].keys() == query.keys()


@pytest.mark.parametrize("kind", ["widgets", "agents", "contacts", "sessions"])
def test_time_filters_and_ordering_work(client: APIClient, acme: Organization, kind: str) -> None:
    widget = make_widget(acme)
    make: dict[str, Callable[[], Any]] = {
        "widgets": lambda: make_widget(acme, agent=widget.text_agent),
        "agents": lambda: make_agent(acme),
        "contacts": lambda: Contact.objects.create(organization=acme, name="x"),
        "sessions": lambda: create_widget_session(widget=widget)[0],
    }
    rows = [make[kind]() for _ in range(3)]
    for day, row in enumerate(rows):
        type(row).objects.filter(id=row.id).update(created_at=START + timedelta(days=day))
    first, second, third = rows
    period = {"created_from": "2026-01-02T00:00:00Z", "created_until": "2026-01-03"}
    assert same(found(client, kind, **period), second)
    assert same(found(client, kind, created_until="2026-01-04T00:00:00+00:00"), *rows[::-1])
    assert same(found(client, kind, created_until="2026-02-01", ordering="created_at"), *rows)
    assert same(found(client, kind, created_until="2026-02-01", ordering="-created_at")[:1], third)
    if kind in {"widgets", "agents"}:
        type(first).objects.filter(id=first.id).update(updated_at=START + timedelta(days=9_000))
        assert same(found(client, kind, ordering="-updated_at")[:1], first)
    if kind == "sessions":
        late = START + timedelta(days=9_000)
        WidgetSession.objects.filter(id=second.id).update(last_active_at=late)
        assert same(found(client, kind, ordering="-last_active_at")[:1], second)


@pytest.mark.parametrize("offset", ["+23:59", "-23:59", "Z", "+00:00", ""])
@pytest.mark.parametrize("year", ["0090", "1900", "9998"])
def test_any_time_value_is_handled(client: APIClient, year: str, offset: str) -> None:
    moment = f"{year}-09-29T23:16:07.634{offset}"
    assert found(client, "sessions", created_from=moment, active_from=moment) == []


def test_pagination_keeps_order_and_filters(client: APIClient, acme: Organization) -> None:
    for number in range(120):
        Contact.objects.create(organization=acme, name=f"Number {number}")
    # An import writes all of them at one moment.
    Contact.objects.update(created_at=START)
    Contact.objects.create(organization=acme, name="Other")
    seen, address = [], "/api/v1/contacts/?ordering=created_at&search=number"
    while address:
        page = client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created_from", "yesterday"),
        ("created_from", ""),
        ("created_until", "2026-13-01"),
        ("created_until", "0001-01-01T00:00:00+05:00"),
        ("created_until", "9999-12-31T23:59:59-05:00"),
        ("ordering", "secret"),
        ("ordering", "--created_at"),
        ("ordering", ""),
        ("organization", "x"),
        ("page_size", "10000"),
        ("nonsense\x00", "x"),
    ],
)
def test_unknown_parameters_are_refused(
    client: APIClient, kind: str, name: str, value: str
) -> None:
    response = client.get(f"/api/v1/{kind}/", {name: value})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert list(response.json()["fields"]) == [name.strip("\x00")]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("contacts", "email=jane"),
        ("contacts", "phone=12"),
        ("contacts", "email="),
        ("contacts", "search=" + "x" * 201),
        ("contacts", "search=a%00b"),
        ("contacts", "search=a&search=b"),
        ("widgets", "enabled=maybe"),
        ("widgets", "enabled=1"),
        ("widgets", "text_agent_id=x"),
        ("sessions", "widget_id=x"),
        ("sessions", "contact_id=None"),
        ("sessions", "last_answer=unknown"),
        ("sessions", "has_feedback="),
        ("sessions", "rating=none"),
        ("sessions", "active_from=x"),
        ("api-keys", "revoked=x"),
    ],
)
def test_a_wrong_value_names_its_parameter(client: APIClient, kind: str, query: str) -> None:
    for path in (f"/api/v1/{kind}/", f"/api/v1/{kind}/export/"):
        if "export" in path and kind not in {"contacts", "sessions"}:
            continue
        response = client.get(f"{path}?{query}")
        assert response.status_code == 400
        assert response["Content-Type"] == "application/json"
        assert list(response.json()["fields"]) == [query.partition("=")[0]]
