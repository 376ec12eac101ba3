"""A widget names the members who get the email about a waiting visitor."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.jobs import run_due_jobs
from loquent.testing.people import make_agent, make_member, make_widget
from widgets.models import WidgetConfig
from widgets.services.configs import change_widget
from widgets.services.handoff.visitor import ask_person
from widgets.services.sessions import create_widget_session

Api = Callable[..., APIClient]
NAMES = ("ana", "ben", "vera")


@pytest.fixture
def team(acme: Organization, alice: User) -> dict[str, Membership]:
    """Alice owns the organization; Ana and Ben are operators, Vera is a viewer."""
    for name in NAMES:
        make_member(acme, name, Role.VIEWER if name == "vera" else Role.OPERATOR)
    rows = Membership.objects.filter(organization=acme).select_related("user")
    return {row.public_name: row for row in rows}


@pytest.fixture
def widget(acme: Organization, team: dict[str, Membership]) -> WidgetConfig:
    return make_widget(acme, name="Shop")


def ids(team: dict[str, Membership], *names: str) -> list[str]:
    return [str(team[name].id) for name in names]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("chosen", "changes", "expected"),
    [
        ([], {}, "alice"),
        (["ben"], {}, "ben"),
        (["ben", "ana"], {}, "ana"),
        (["ben"], {"ana": {"seen_at": timedelta(seconds=-30)}}, "ana"),
        (["ben", "ana"], {"ana": {"wants_mail": False}}, "ben"),
        (["ben"], {"ben": {"wants_mail": False}}, "alice"),
        (["ben"], {"ben": {"is_away": True}}, "alice"),
        (["ben"], {"ben": {"is_away": True}, "alice": {"is_away": True}}, "ana"),
        (["ben"], {name: {"is_away": True} for name in ("ben", "alice", "ana")}, "ben"),
    ],
)
def test_mail_goes_to_who_is_present_then_to_a_recipient_then_to_an_owner(
    monkeypatch: pytest.MonkeyPatch,
    widget: WidgetConfig,
    team: dict[str, Membership],
    chosen: list[str],
    changes: dict[str, dict[str, Any]],
    expected: str,
) -> None:
    change_widget(widget=widget, handoff_recipients=ids(team, *chosen))
    session, _ = create_widget_session(widget=widget)
    ask_person(session_id=session.id)
    now = timezone.now() + timedelta(seconds=185)
    monkeypatch.setattr(timezone, "now", lambda: now)
    for name, columns in changes.items():
        row = Membership.objects.filter(id=team[name].id)
        row.update(
            **{key: now + value if key == "seen_at" else value for key, value in columns.items()}
        )
    run_due_jobs()
    assert [message.to for message in mail.outbox] == [[f"{expected}@example.com"]]


def test_rest_stores_members_who_may_answer(
    api: Api, alice: User, widget: WidgetConfig, team: dict[str, Membership], globex: Organization
) -> None:
    client = api(alice)
    path = f"/api/v1/widgets/{widget.id}/"
    wanted = ids(team, "ben", "ana")
    response = client.patch(path, {"handoff_recipients": [*wanted, wanted[0].upper()]})
    assert (response.status_code, response.json()["handoff_recipients"]) == (200, wanted)
    # Other settings leave them alone; PUT without them clears them.
    assert client.patch(path, {"name": "New"}).json()["handoff_recipients"] == wanted
    stranger = make_member(globex, "greta", Role.OWNER).memberships.get()
    for wrong in ([*wanted, str(stranger.id)], ids(team, "vera"), ["x"], "x", None, [1]):
        response = client.patch(path, {"handoff_recipients": wrong})
        assert response.status_code == 400, wrong
        assert list(response.json()["fields"]) == ["handoff_recipients"]
    assert client.get(path).json()["handoff_recipients"] == wanted
    body = {"text_agent_id": client.get(path).json()["text_agent_id"]}
    assert client.put(path, body).json()["handoff_recipients"] == []


def test_member_who_leaves_or_may_no_longer_answer_is_no_recipient(
    api: Api, alice: User, widget: WidgetConfig, team: dict[str, Membership]
) -> None:
    change_widget(widget=widget, handoff_recipients=ids(team, "ana", "ben"))
    team["ana"].delete()
    team["ben"].role = Role.VIEWER
    team["ben"].save()
    data = api(alice).get(f"/api/v1/widgets/{widget.id}/").json()
    assert data["handoff_recipients"] == []
    # What was read can be sent back.
    data = {name: data[name] for name in ("text_agent_id", "handoff_recipients")}
    assert api(alice).put(f"/api/v1/widgets/{widget.id}/", data).status_code == 200


def test_form_offers_members_by_name(
    client: Client, alice: User, widget: WidgetConfig, team: dict[str, Membership]
) -> None:
    make_agent(widget.organization)
    client.force_login(alice)
    path = f"/admin/widgets/widgetconfig/{widget.id}/change/"
    form = client.get(path).context["adminform"].form
    labels = [label for _, label in form.fields["handoff_recipients"].choices]
    assert labels == [f"{name} ({name}@example.com)" for name in ("alice", "ana", "ben")]
    sent = {
        name: form[name].value()
        for name in form.fields
        if form[name].value() not in (None, False, [])
    }
    sent["handoff_recipients"] = ids(team, "ben")
    assert client.post(path, sent).status_code == 302
    widget.refresh_from_db()
    assert widget.handoff_recipients == ids(team, "ben")
    # A colleague's change is shown by names.
    response = client.post(path, {**sent, "handoff_recipients": ids(team, "ana")})
    assert "is now “ben (ben@example.com)”" in str(
        response.context["adminform"].form.non_field_errors()[1]
    )
    wrong = {**sent, "version": "", "handoff_recipients": ids(team, "vera")}
    errors = client.post(path, wrong).context["adminform"].form.errors
    assert list(errors) == ["handoff_recipients"]
    client.force_login(team["vera"].user)
    assert "ben (ben@example.com)" in client.get(path).content.decode()
