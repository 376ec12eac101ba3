"""/api/v1/api-keys/: made, listed and revoked by owners; keys that only read."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from loquent.organizations.models import ApiKey, Organization, Scope
from loquent.organizations.services.organizations import create_api_key

Connect = Callable[..., APIClient]
PATH = "/api/v1/api-keys/"
CONTACTS = "/api/v1/contacts/"


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


def test_a_key_is_shown_once(api: Connect, client: APIClient, acme: Organization) -> None:
    response = client.post(PATH, {"name": " Shop ", "scope": "read", "prefix": "x", "key": "x"})
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    data = response.json()
    key = data.pop("key")
    assert key.startswith("lqk_")
    assert (data["name"], data["scope"], data["prefix"]) == ("Shop", "read", key[:10])
    assert client.get(f"{PATH}{data['id']}/").json() == data
    assert client.get(PATH).json()["results"] == [data]
    assert api(key).get(CONTACTS).status_code == 200
    assert client.get(f"{PATH}{data['id']}/").json()["last_used_at"] is not None


def test_read_only_key_can_read_but_not_write(api: Connect, client: APIClient) -> None:
    reads = api(client.post(PATH, {"name": "R", "scope": "read"}).json()["key"])
    writes = api(client.post(PATH, {"name": "W"}).json()["key"])
    for method in ("post", "put", "patch", "delete"):
        response = getattr(reads, method)(CONTACTS, {"name": "x"})
        assert response.status_code == 403
        assert response.json()["code"] == "forbidden"
    assert reads.options(CONTACTS).status_code == 200
    assert writes.post(CONTACTS, {"name": "x"}).status_code == 201


def test_keys_without_a_scope_can_write(acme: Organization) -> None:
    assert create_api_key(organization=acme, name="x")[0].scope == Scope.WRITE
    row = ApiKey(organization=acme, name="x", digest="x")
    row.save()
    assert ApiKey.objects.get(id=row.id).scope == Scope.WRITE


def test_revoked_key_stops_working_and_stays_listed(api: Connect, client: APIClient) -> None:
    made = client.post(PATH, {"name": "Old"}).json()
    for _ in range(2):
        assert client.delete(f"{PATH}{made['id']}/").status_code == 204
    assert api(made["key"]).get(CONTACTS).status_code == 401
    [row] = client.get(PATH, {"revoked": "true"}).json()["results"]
    assert row["revoked_at"] is not None
    assert client.get(PATH, {"revoked": "false"}).json()["results"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x\x00"}, "name"),
        ({"name": "x", "scope": "all"}, "scope"),
        ({"name": "x", "scope": None}, "scope"),
    ],
)
def test_invalid_input_names_its_field(client: APIClient, body: dict[str, str], field: str) -> None:
    response = client.post(PATH, body)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert not ApiKey.objects.exists()
