"""Who may call the REST API: sessions with the CSRF token, API keys, nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.organizations.models import ApiKey, Membership, Organization, Role
from loquent.organizations.services.organizations import create_api_key, revoke_api_key
from loquent.tokens import token_digest

Connect = Callable[..., APIClient]
LISTS = ["/api/v1/widgets/", "/api/v1/agents/", "/api/v1/contacts/", "/api/v1/sessions/"]
CONTACTS = "/api/v1/contacts/"


def check_refusal(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    error = response.json()
    assert error == {"code": code, "message": error["message"], "fields": {}}
    assert error["message"]


@pytest.mark.parametrize("path", [*LISTS, "/api/v1/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_anonymous_request_is_401(db: None, api: Connect, path: str, method: str) -> None:
    response = getattr(api(), method)(path, {"name": "x"})
    check_refusal(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"
    # The sentence says how to get in.
    assert "Authorization: Bearer lqk_" in response.json()["message"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer lqk_wrong",
        "bearer lqk_" + "A" * 43,
        "Bearer " + "x" * 10_000,
        "Bearer \xff\xfe",
        "Bearer lqk_\x00",
        "Token lqk_x",
        "Basic YWxpY2U6eA==",
        "lqk_x",
        "\x00",
    ],
)
def test_invalid_key_is_401_and_not_echoed(db: None, api: Connect, header: str) -> None:
    response = api().get(CONTACTS, headers={"authorization": header})
    check_refusal(response, 401, "not_authenticated")
    assert "lqk_" not in response.json()["message"].replace("lqk_…", "")


def test_key_acts_for_its_organization(api: Connect, acme: Organization, acme_key: str) -> None:
    for path in LISTS:
        assert api(acme_key).get(path).status_code == 200
    created = api(acme_key).post(CONTACTS, {"name": "Jane"})
    assert created.status_code == 201
    assert Contact.objects.get().organization == acme
    assert api(acme_key).delete(f"{CONTACTS}{created.json()['id']}/").status_code == 204


def test_a_key_works_in_any_spelling_of_the_scheme(api: Connect, acme_key: str) -> None:
    for header in (f"bearer {acme_key}", f"BEARER  {acme_key} "):
        assert api().get(CONTACTS, headers={"authorization": header}).status_code == 200


def test_key_outside_the_header_is_ignored(api: Connect, acme_key: str) -> None:
    assert api().get(CONTACTS, {"api_key": acme_key, "token": acme_key}).status_code == 401


def test_revoked_key_is_401_immediately(api: Connect, acme: Organization) -> None:
    row, key = create_api_key(organization=acme, name="Old")
    client = api(key)
    assert client.get(CONTACTS).status_code == 200
    revoke_api_key(api_key=row)
    response = client.get(CONTACTS)
    check_refusal(response, 401, "not_authenticated")
    assert key not in response.content.decode()
    assert row.prefix not in response.content.decode()
    first = ApiKey.objects.get(id=row.id).revoked_at
    revoke_api_key(api_key=row)
    assert ApiKey.objects.get(id=row.id).revoked_at == first


def test_session_does_not_replace_an_invalid_key(api: Connect, alice: User) -> None:
    response = api(alice).get(CONTACTS, headers={"authorization": "Bearer lqk_wrong"})
    assert response.status_code == 401


def test_only_the_key_digest_is_stored(acme: Organization) -> None:
    row, key = create_api_key(organization=acme, name="New")
    assert key.startswith("lqk_")
    assert len(key) > 40
    stored = " ".join(str(value) for value in ApiKey.objects.filter(id=row.id).values()[0].values())
    assert key not in stored
    assert key[10:] not in stored
    assert ApiKey.objects.get(id=row.id).digest == token_digest(key)


def test_last_use_is_recorded_to_the_minute(
    api: Connect, acme_key: str, django_assert_num_queries: Any
) -> None:
    api(acme_key).get(CONTACTS)
    used = ApiKey.objects.get().last_used_at
    assert used is not None
    assert timezone.now() - used < timedelta(minutes=1)
    api(acme_key).get(CONTACTS)
    assert ApiKey.objects.get().last_used_at == used
    ApiKey.objects.update(last_used_at=used - timedelta(minutes=2))
    api(acme_key).get(CONTACTS)
    again = ApiKey.objects.get().last_used_at
    assert again is not None
    assert again >= used


def test_a_session_needs_the_csrf_token_to_write(api: Connect, alice: User) -> None:
    client = api(alice, enforce_csrf=True)
    assert client.get(CONTACTS).status_code == 200
    for method, path in (("post", CONTACTS), ("patch", f"{CONTACTS}x/"), ("delete", CONTACTS)):
        response = getattr(client, method)(path, {"name": "Jane"})
        check_refusal(response, 403, "forbidden")
        assert "CSRF" in response.json()["message"]
    assert Contact.objects.count() == 0
    client.get("/admin/")
    token = client.cookies["csrftoken"].value
    wrong = client.post(CONTACTS, {"name": "Jane"}, headers={"x-csrftoken": "x" * 32})
    assert wrong.status_code == 403
    right = client.post(CONTACTS, {"name": "Jane"}, headers={"x-csrftoken": token})
    assert right.status_code == 201


def test_a_key_needs_no_csrf_token(api: Connect, acme_key: str, alice: User) -> None:
    client = api(acme_key, enforce_csrf=True)
    assert client.post(CONTACTS, {"name": "Jane"}).status_code == 201
    client.force_login(alice)
    assert client.post(CONTACTS, {"name": "Joe"}).status_code == 201


def test_viewer_can_read_but_not_write(api: Connect, bob: User) -> None:
    client = api(bob)
    for path in LISTS:
        assert client.get(path).status_code == 200
        assert client.options(path).status_code == 200
    for method in ("post", "put", "patch", "delete"):
        check_refusal(getattr(client, method)(CONTACTS, {"name": "x"}), 403, "forbidden")
    assert Contact.objects.count() == 0


def test_admin_can_write(api: Connect, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    assert api(bob).post(CONTACTS, {"name": "Jane"}).status_code == 201


@pytest.mark.parametrize("change", [{"is_active": False}])
def test_inactive_user_is_unauthenticated(
    api: Connect, alice: User, change: dict[str, bool]
) -> None:
    client = api(alice)
    User.objects.filter(id=alice.id).update(**change)
    assert client.get(CONTACTS).status_code == 401


def test_a_user_without_organization_is_refused(api: Connect, alice: User) -> None:
    Membership.objects.all().delete()
    check_refusal(api(alice).get(CONTACTS), 403, "forbidden")
    check_refusal(api(alice).post(CONTACTS, {"name": "Jane"}), 403, "forbidden")
