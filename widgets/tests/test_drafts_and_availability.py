"""Drafts stay on the server until they are sent; members say whether they are there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from loquent.organizations.models import Membership, Organization
from loquent.testing.people import make_widget
from widgets.models import Draft, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

Api = Callable[..., APIClient]
AVAILABILITY = "/api/v1/availability/"


@pytest.fixture
def session(acme: Organization) -> WidgetSession:
    return create_widget_session(widget=make_widget(acme, handoff_enabled=True))[0]


@pytest.fixture
def draft(session: WidgetSession) -> str:
    return f"/api/v1/sessions/{session.id}/draft/"


def test_draft_is_kept_exactly_per_member(api: Api, ana: User, alice: User, draft: str) -> None:
    assert api(ana).get(draft).json() == {"content": "", "updated_at": None}
    text = "  Hello\n\n\tJane \U0001f600 "
    saved = api(ana).put(draft, {"content": text}).json()
    assert saved["content"] == text
    assert api(ana).get(draft).json() == saved
    assert api(alice).get(draft).json()["content"] == ""
    assert api(ana).put(draft, {"content": "\x00a"}).json()["content"] == "a"
    assert api(ana).put(draft, {"content": " "}).json() == {"content": "", "updated_at": None}
    assert not Draft.objects.exists()


def test_reply_deletes_the_draft_of_its_author(
    api: Api, ana: User, alice: User, draft: str, session: WidgetSession
) -> None:
    for user in (ana, alice):
        api(user).put(draft, {"content": "Hello"})
    path = f"/api/v1/sessions/{session.id}/reply/"
    assert api(ana).post(path, {"content": "Hello"}).status_code == 201
    assert [row.member.user for row in Draft.objects.all()] == [alice]


@pytest.mark.promise(23)
def test_drafts_are_for_members_who_answer(
    api: Api, ana: User, bob: User, charlie: User, acme_key: str, draft: str
) -> None:
    member = str(Membership.objects.get(user=ana).id)
    api(ana).put(draft, {"content": "Hello"})
    assert api(bob).get(draft).status_code == 403
    assert api(bob).put(draft, {"content": "x"}).status_code == 403
    assert api(charlie).get(draft).status_code == 404
    unnamed = api(acme_key).get(draft)
    assert (unnamed.status_code, list(unnamed.json()["fields"])) == (400, ["member"])
    assert api(acme_key).get(draft, {"member": member}).json()["content"] == "Hello"
    assert api(acme_key).get(draft, {"member": "x"}).status_code == 400
    saved = api(acme_key).put(draft, {"content": "Hi", "member": member})
    assert saved.json()["content"] == "Hi"


@pytest.mark.parametrize("body", [{}, {"content": None}, {"content": "x" * 20_001}])
def test_invalid_draft_names_the_field(
    api: Api, ana: User, draft: str, body: dict[str, Any]
) -> None:
    response = api(ana).put(draft, body)
    assert (response.status_code, list(response.json()["fields"])) == (400, ["content"])


def test_member_is_away_until_a_time(api: Api, ana: User, bob: User, acme_key: str) -> None:
    assert api(ana).get(AVAILABILITY).json() == {"status": "online", "until": None}
    until = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    body = {"status": "away", "until": until.isoformat()}
    away = api(ana).put(AVAILABILITY, body).json()
    assert away["status"] == "away"
    assert away["until"].startswith(f"{until:%Y-%m-%dT%H:%M:%S}")
    listed = api(bob).get("/api/v1/members/").json()["results"]
    assert {row["name"]: row["availability"] for row in listed}["ana"] == "away"
    Membership.objects.filter(user=ana).update(away_until=timezone.now())
    assert api(ana).get(AVAILABILITY).json() == {"status": "online", "until": None}
    assert api(bob).get(AVAILABILITY).status_code == 403
    member = str(Membership.objects.get(user=ana).id)
    body = {"status": "away", "member": member}
    assert api(acme_key).put(AVAILABILITY, body).json() == {"status": "away", "until": None}
    assert api(acme_key).get(AVAILABILITY, {"member": member}).json()["status"] == "away"
    assert api(acme_key).get(AVAILABILITY).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "busy"}, "status"),
        ({"status": "away", "until": "2001-01-01T00:00:00Z"}, "until"),
        ({"status": "away", "until": "soon"}, "until"),
        ({"status": "online", "until": "2099-01-01T00:00:00Z"}, "until"),
    ],
)
def test_invalid_availability_names_the_field(
    api: Api, ana: User, body: dict[str, Any], field: str
) -> None:
    response = api(ana).put(AVAILABILITY, body)
    assert (response.status_code, list(response.json()["fields"])) == (400, [field])


def test_going_away_returns_waiting_conversations_to_the_team(
    api: Api, ana: User, session: WidgetSession
) -> None:
    idle, _ = create_widget_session(widget=session.widget)
    for row in (session, idle):
        append_message(row, role="user", content="Hello?")
        assert api(ana).post(f"/api/v1/sessions/{row.id}/take-over/", {}).status_code == 200
    api(ana).post(f"/api/v1/sessions/{idle.id}/reply/", {"content": "Hello."})
    api(ana).put(AVAILABILITY, {"status": "away"})
    session.refresh_from_db()
    idle.refresh_from_db()
    assert (session.handler, session.assignee_id) == ("team", None)
    assert session.waiting_since is not None
    assert idle.handler == "person"
