"""API keys in the admin: shown once, listed by their beginning, revoked for good."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import ApiKey, Membership, Organization, Role
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import api_client

LIST = "/admin/organizations/apikey/"
AGENTS = "/api/v1/agents/"
CONTACTS = "/api/v1/contacts/"


def test_a_new_key_is_shown_once(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    response = client.post(
        f"{LIST}add/", {"organization": acme.id, "name": "Shop", "scope": "read"}
    )
    assert response.status_code == 200
    [key] = re.findall(r"lqk_[A-Za-z0-9_-]{43}", response.content.decode())
    assert api_client(key).get(CONTACTS).status_code == 200
    row = ApiKey.objects.get()
    for path in (LIST, f"{LIST}{row.id}/change/", "/admin/", f"{LIST}{row.id}/history/"):
        body = client.get(path).content.decode()
        assert key not in body
        assert key[10:] not in body
    assert row.prefix in client.get(LIST).content.decode()


def test_new_key_appears_only_in_the_page(
    client: Client, alice: User, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(alice)
    # Whichever button the form was saved with.
    for button in ("_save", "_continue", "_addanother", "_popup"):
        data = {"organization": acme.id, "name": "Shop", "scope": "read", button: "1"}
        response = client.post(f"{LIST}add/", data)
        [key] = set(re.findall(r"lqk_[A-Za-z0-9_-]{43}", response.content.decode()))
        assert "no-store" in response["Cache-Control"]
        assert key not in str(response.headers)
        assert client.cookies.keys() <= {"sessionid", "csrftoken"}
        assert key not in str(client.cookies)
        assert key not in str(dict(client.session))
        assert key not in caplog.text
        for entry in LogEntry.objects.values():
            assert key not in str(entry)


def test_key_can_be_read_only(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    form = client.get(f"{LIST}add/").context["adminform"].form
    # Who thinks no further makes the key that can do less.
    assert form["scope"].initial == "read"
    answers = {}
    for scope in ("read", "write"):
        data = {"organization": acme.id, "name": f"To {scope}", "scope": scope}
        page = client.post(f"{LIST}add/", data).content.decode()
        [key] = set(re.findall(r"lqk_[A-Za-z0-9_-]{43}", page))
        api = api_client(key)
        assert api.get(AGENTS).status_code == 200
        answers[scope] = api.post(AGENTS, {"name": scope}).status_code
        assert ("change everything in this organization" in page) == (scope == "write")
    assert answers == {"read": 403, "write": 201}
    listed = client.get(LIST).content.decode()
    assert "Read and write" in listed
    row = ApiKey.objects.get(scope="read")
    client.post(f"{LIST}{row.id}/change/", {"name": "Mine", "scope": "write"})
    row.refresh_from_db()
    assert (row.name, row.scope) == ("Mine", "read")
    wrong = client.post(f"{LIST}add/", {"organization": acme.id, "name": "x", "scope": "all"})
    assert list(wrong.context["adminform"].form.errors) == ["scope"]


def test_a_key_needs_a_name(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    for name in ("", "  ", "x" * 101, "a\x00"):
        response = client.post(
            f"{LIST}add/", {"organization": acme.id, "name": name, "scope": "read"}
        )
        assert list(response.context["adminform"].form.errors) == ["name"]
    assert ApiKey.objects.count() == 0


def test_renaming_a_key_changes_nothing_else(
    client: Client, alice: User, acme: Organization, globex: Organization
) -> None:
    row, _ = create_api_key(organization=acme, name="Old")
    client.force_login(alice)
    data = {"name": "New", "organization": globex.id, "digest": "x", "revoked_at_0": "2001-01-01"}
    assert client.post(f"{LIST}{row.id}/change/", data).status_code == 302
    after = ApiKey.objects.get()
    assert (after.name, after.organization, after.digest) == ("New", acme, row.digest)
    assert after.revoked_at is None


def test_revoked_keys_stop_working_immediately(
    client: Client, alice: User, acme: Organization
) -> None:
    row, key = create_api_key(organization=acme, name="Old")
    other, kept = create_api_key(organization=acme, name="Kept")
    client.force_login(alice)
    data = {"action": "revoke", "_selected_action": [str(row.id)]}
    response = client.post(LIST, data, follow=True)
    assert "The API keys have been revoked." in response.content.decode()
    assert api_client(key).get(CONTACTS).status_code == 401
    assert api_client(kept).get(CONTACTS).status_code == 200
    assert ApiKey.objects.get(id=other.id).revoked_at is None


def test_deleted_key_stops_working_immediately(
    client: Client, alice: User, acme: Organization
) -> None:
    row, key = create_api_key(organization=acme, name="Old")
    client.force_login(alice)
    assert client.post(f"{LIST}{row.id}/delete/", {"post": "yes"}).status_code == 302
    assert api_client(key).get(CONTACTS).status_code == 401


def test_only_owners_see_keys(client: Client, bob: User, acme: Organization) -> None:
    row, _ = create_api_key(organization=acme, name="Old")
    client.force_login(bob)
    for role in (Role.VIEWER, Role.ADMIN):
        Membership.objects.update(role=role)
        assert client.get(LIST).status_code == 403
        assert client.get(f"{LIST}{row.id}/change/").status_code in {302, 403}
        data = {"organization": acme.id, "name": "Mine", "scope": "read"}
        assert client.post(f"{LIST}add/", data).status_code == 403
        revoke = {"action": "revoke", "_selected_action": [str(row.id)]}
        assert client.post(LIST, revoke).status_code == 403
    assert ApiKey.objects.get().revoked_at is None
