"""Saved replies: who sees and changes them, and how their variables are filled in."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.organizations.models import Membership, Organization
from loquent.testing.people import make_widget
from widgets.models import SavedReply, WidgetSession
from widgets.services.handoff.saved_replies import fill_variables
from widgets.services.sessions import create_widget_session

Api = Callable[..., APIClient]
PATH = "/api/v1/saved-replies/"


def create(api: Api, caller: User | str, **body: Any) -> Any:
    return api(caller).post(PATH, {"name": "Returns", "content": "Send it back.", **body})


def names(client: APIClient, **query: str) -> list[str]:
    return [row["name"] for row in client.get(PATH, query).json()["results"]]


def test_operator_has_own_replies_that_no_one_else_sees(
    api: Api, ana: User, ben: User, alice: User, acme_key: str
) -> None:
    created = create(api, ana, name="Mine")
    assert (created.status_code, created.json()["shared"]) == (201, False)
    path = f"{PATH}{created.json()['id']}/"
    for other in (ben, alice, acme_key):
        assert names(api(other)) == []
        for method in ("get", "patch", "delete"):
            assert getattr(api(other), method)(path, {"name": "Yours"}).status_code == 404
    changed = api(ana).patch(path, {"content": "Hello {visitor|there}"})
    assert changed.json()["content"] == "Hello {visitor|there}"
    assert api(ana).delete(path).status_code == 204


def test_only_admins_and_keys_change_shared_replies(
    api: Api, ana: User, alice: User, bob: User, acme_key: str
) -> None:
    assert create(api, ana, shared=True).status_code == 403
    shared = create(api, alice, shared=True).json()
    path = f"{PATH}{shared['id']}/"
    for caller in (ana, bob, alice, acme_key):
        assert names(api(caller)) == ["Returns"]
    for caller in (ana, bob):
        assert api(caller).patch(path, {"name": "x"}).status_code == 403
        assert api(caller).put(path, {"name": "x", "content": "y"}).status_code == 403
        assert api(caller).delete(path).status_code == 403
    assert api(acme_key).patch(path, {"name": "Refunds"}).json()["name"] == "Refunds"
    mine = api(alice).patch(path, {"shared": False}).json()
    assert mine["shared"] is False
    assert names(api(alice), shared="false") == ["Refunds"]
    assert names(api(ana)) == []


def test_program_has_only_shared_replies(api: Api, acme_key: str) -> None:
    assert create(api, acme_key).json()["shared"] is True
    refused = create(api, acme_key, shared=False)
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["shared"])


def test_own_replies_leave_with_the_member(api: Api, ana: User, alice: User) -> None:
    create(api, ana, name="Mine")
    create(api, alice, name="Ours", shared=True)
    Membership.objects.filter(user=ana).delete()
    assert list(SavedReply.objects.values_list("name", flat=True)) == ["Ours"]


def test_foreign_organization_sees_no_reply(api: Api, alice: User, charlie: User) -> None:
    shared = create(api, alice, shared=True).json()
    assert names(api(charlie)) == []
    for method in ("get", "patch", "delete"):
        response = getattr(api(charlie), method)(f"{PATH}{shared['id']}/", {"name": "x"})
        assert response.status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"content": " \n"}, "content"),
        ({"content": "x" * 10_001}, "content"),
        ({"content": "Hello {vistor}"}, "content"),
        ({"content": "Hello {order|4711}"}, "content"),
        ({"shared": "yes"}, "shared"),
    ],
)
def test_invalid_reply_names_the_field(
    api: Api, alice: User, body: dict[str, Any], field: str
) -> None:
    response = create(api, alice, **body)
    assert (response.status_code, list(response.json()["fields"])) == (400, [field])


@pytest.fixture
def session(acme: Organization) -> WidgetSession:
    return create_widget_session(widget=make_widget(acme))[0]


@pytest.mark.parametrize(
    ("content", "unknown", "known"),
    [
        ("Hello {visitor|there}!", "Hello there!", "Hello Jane Roe!"),
        ("Hello {visitor}, hi", "Hello, hi", "Hello Jane Roe, hi"),
        ("{visitor}", "", "Jane Roe"),
        ("On {page|our site} I am {me|us}.", "On our site I am ana.", "On Tents I am ana."),
        ('{"json": {}} { } {|} {Visitor}', '{"json": {}} { } {|} {Visitor}', None),
        ("{visitor|}x {visitor| you }", "x you", "Jane Roex Jane Roe"),
    ],
)
def test_variables_are_filled_in(
    acme: Organization,
    ana: User,
    session: WidgetSession,
    content: str,
    unknown: str,
    known: str | None,
) -> None:
    member = Membership.objects.get(user=ana)
    assert fill_variables(content, session=session, member=member) == unknown
    session.contact = Contact.objects.create(organization=acme, name="Jane Roe")
    session.page_title = "Tents"
    filled = fill_variables(content, session=session, member=member)
    assert filled == (unknown if known is None else known)


def test_value_is_not_read_as_a_variable(ana: User, session: WidgetSession) -> None:
    session.contact_claim = {"name": "{me} \\1 {page|x}"}
    member = Membership.objects.get(user=ana)
    filled = fill_variables("Hi {visitor}", session=session, member=member)
    assert filled == "Hi {me} \\1 {page|x}"


def test_list_for_a_conversation_has_filled_texts(
    api: Api, ana: User, charlie: User, session: WidgetSession
) -> None:
    create(api, ana, content="Hello {visitor|there}, this is {me}.")
    [row] = api(ana).get(PATH, {"session_id": str(session.id)}).json()["results"]
    assert row["text"] == "Hello there, this is ana."
    assert re.fullmatch(r"Hello \{visitor.*", row["content"])
    assert api(charlie).get(PATH, {"session_id": str(session.id)}).status_code == 404
    assert api(ana).get(PATH, {"session_id": "x"}).status_code == 400
    assert api(ana).get(PATH).json()["results"][0]["text"] is None
