"""Questions without an answer over REST: grouped, closed by an entry, and open if asked again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services.entries import save_entry
from loquent.organizations.models import Organization
from loquent.testing.people import api_client, make_agent, make_widget
from widgets.models import WidgetConfig, WidgetMessage
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

pytestmark = pytest.mark.django_db
CHOICES = [{"title": "Bern", "message": "Hours in Bern"}]
Ask = Callable[..., str]


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def widget(acme: Organization, agent: TextAgent) -> WidgetConfig:
    return make_widget(acme, agent=agent)


@pytest.fixture
def client(alice: User) -> APIClient:
    return api_client(alice)


def ask(
    widget: WidgetConfig, question: str, *, then: str = "", hours_ago: float = 0, **answer: Any
) -> str:
    """Store a question and its answer; return the session's id."""
    session, _ = create_widget_session(widget=widget)
    asked = append_message(session, role="user", content=question)
    answer = answer or {"outcome": "no_answer"}
    append_message(session, role="assistant", content="Hm.", reply_to=asked, **answer)
    if then:
        append_message(session, role="user", content=then)
    at = timezone.now() - timedelta(hours=hours_ago)
    WidgetMessage.objects.filter(session=session).update(created_at=at)
    return str(session.id)


def path(agent: TextAgent, row: dict[str, Any] | None = None) -> str:
    return f"/api/v1/agents/{agent.id}/unanswered/" + (f"{row['id']}/" if row else "")


def listed(client: APIClient, agent: TextAgent) -> list[dict[str, Any]]:
    response = client.get(path(agent))
    assert response.status_code == 200
    rows: list[dict[str, Any]] = response.json()
    return rows


def test_questions_are_grouped_by_their_words(
    client: APIClient, agent: TextAgent, widget: WidgetConfig
) -> None:
    first = ask(widget, "Do you repair tents?", hours_ago=3)
    second = ask(widget, "Are TENTS repaired?", hours_ago=2)
    ask(widget, "Do you repair boots?", hours_ago=1)
    ask(widget, "Can I talk to a human?")
    ask(widget, "Do you sell skis?", hours_ago=200)
    rows = listed(client, agent)
    assert [(row["question"], row["count"]) for row in rows] == [
        ("Are TENTS repaired?", 2),
        ("Do you repair boots?", 1),
    ]
    assert rows[0]["sessions"] == [second, first]
    assert set(rows[0]) == {"id", "question", "count", "last_asked_at", "reason", "sessions"}
    assert [row["id"] for row in listed(client, agent)] == [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("answer", "then", "reason"),
    [
        ({"outcome": "no_answer"}, "", "no_answer"),
        ({"outcome": "answered"}, "", None),
        ({"outcome": "answered", "rating": "down"}, "", "thumbs_down"),
        ({"outcome": "answered", "rating": "up"}, "", None),
        ({"outcome": "answered", "choices": CHOICES}, "", "choices"),
        ({"outcome": "answered", "choices": CHOICES}, "Never mind", "choices"),
        ({"outcome": "answered", "choices": CHOICES}, "Hours in Bern", None),
        ({"outcome": "refused"}, "", None),
        ({"outcome": "failed"}, "", None),
    ],
)
def test_reason_says_why_a_question_counts(
    client: APIClient,
    agent: TextAgent,
    widget: WidgetConfig,
    answer: dict[str, Any],
    then: str,
    reason: str | None,
) -> None:
    ask(widget, "What are your hours?", then=then, **answer)
    assert [row["reason"] for row in listed(client, agent)] == ([reason] if reason else [])


def test_ignored_group_stays_closed_until_it_is_asked_again(
    client: APIClient, agent: TextAgent, widget: WidgetConfig
) -> None:
    ask(widget, "Do you repair tents?", hours_ago=1)
    [row] = listed(client, agent)
    response = client.post(path(agent, row), {"ignore": True})
    assert (response.status_code, response.json()) == (200, {"id": row["id"], "closed": True})
    assert listed(client, agent) == []
    again = ask(widget, "Do you repair tents?")
    [reopened] = listed(client, agent)
    assert (reopened["id"], reopened["count"]) == (row["id"], 1)
    assert reopened["sessions"] == [again]


def test_group_closes_when_a_search_finds_its_entry(
    client: APIClient, agent: TextAgent, widget: WidgetConfig
) -> None:
    ask(widget, "Do you repair tents?", hours_ago=1)
    [row] = listed(client, agent)
    wrong = KnowledgeEntry.objects.get(agent=agent, title="Shipping")
    assert client.post(path(agent, row), {"entry": str(wrong.id)}).json()["closed"] is False
    assert listed(client, agent) == [row]

    entry = save_entry(agent=agent, data={"title": "Service", "content": "At the desk.", "url": ""})
    response = client.post(path(agent, row), {"entry": str(entry.id)})
    assert response.json()["closed"] is False
    # The entry gets the missing word: the list measures it again.
    save_entry(
        agent=agent,
        entry_id=entry.id,
        data={"title": "Do you repair tents?", "content": "We repair all tents.", "url": ""},
    )
    assert listed(client, agent) == []
    ask(widget, "Do you repair tents?")
    assert [row["count"] for row in listed(client, agent)] == [1]


@pytest.mark.parametrize(
    "body", [{}, {"entry": None}, {"ignore": False}, {"entry": "x"}, {"ignore": True, "entry": 1}]
)
def test_bad_body_is_refused(
    client: APIClient, agent: TextAgent, widget: WidgetConfig, body: dict[str, Any]
) -> None:
    ask(widget, "Do you repair tents?")
    [row] = listed(client, agent)
    assert client.post(path(agent, row), body).status_code == 400
    assert listed(client, agent) == [row]


def test_foreign_rows_are_not_found_and_viewers_change_nothing(
    client: APIClient, agent: TextAgent, widget: WidgetConfig, bob: User, globex: Organization
) -> None:
    ask(widget, "Do you repair tents?")
    [row] = listed(client, agent)
    other = make_agent(globex)
    entry = KnowledgeEntry.objects.filter(agent=other)[0]
    assert client.get(path(other)).status_code == 404
    assert client.post(path(agent, row), {"entry": str(entry.id)}).status_code == 400
    assert client.post(path(agent, {"id": other.id}), {"ignore": True}).status_code == 404
    viewer = api_client(bob)
    assert viewer.get(path(agent)).json() == [row]
    assert viewer.post(path(agent, row), {"ignore": True}).status_code == 403


def test_agents_page_lists_its_questions_until_they_are_answered(
    client: APIClient, alice: User, agent: TextAgent, widget: WidgetConfig, acme: Organization
) -> None:
    staff = Client()
    staff.force_login(alice)
    ask(widget, "Do you repair tents?")
    ask(make_widget(acme, agent=make_agent(acme)), "Which kayak is the fastest?")
    page = f"/admin/agents/textagent/{agent.id}/change/"
    shown = staff.get(page).content.decode()
    assert "Do you repair tents?" in shown
    assert "kayak" not in shown
    assert f"/admin/quality/questions/?agent={agent.id}" in shown
    entry = save_entry(agent=agent, data={"title": "Tent repairs", "content": "We repair tents."})
    [row] = listed(client, agent)
    assert f"/admin/knowledge/answer/?agent={agent.id}&amp;question={row['id']}" in shown
    client.post(path(agent, row), {"entry": str(entry.id)}, format="json")
    assert "Do you repair tents?" not in staff.get(page).content.decode()
