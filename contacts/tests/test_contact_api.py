"""/api/v1/contacts/"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from contacts.models import Contact
from contacts.services import save_contact
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization

Connect = Callable[..., APIClient]
PATH = "/api/v1/contacts/"
JANE = {"name": "Jane", "email": "jane@example.com", "phone": "+41446681800"}


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


@pytest.fixture
def jane(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, **JANE)


def test_contact_can_be_created_read_changed_and_deleted(
    client: APIClient, acme: Organization
) -> None:
    spelled = {"name": " Jane  Doe ", "email": "JANE@Example.com", "phone": "044 668 18 00"}
    created = client.post(PATH, {**spelled, "id": "x", "created_at": "2001", "unknown": [1]})
    assert created.status_code == 201
    data = created.json()
    assert data.keys() == {"id", "name", "email", "phone", "created_at"}
    assert {**data, **JANE, "name": "Jane Doe"} == data
    assert Contact.objects.get().organization == acme

    path = f"{PATH}{data['id']}/"
    assert client.get(path).json() == data
    assert client.get(PATH).json() == {"results": [data], "next": None}
    assert client.patch(path, {"phone": None}).json() == {**data, "phone": None}
    replaced = client.put(path, {"name": "J", "email": "j@example.com"})
    assert {**replaced.json(), "name": "J", "email": "j@example.com"} == replaced.json()
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_invisible_characters_around_details_are_not_stored(client: APIClient) -> None:
    pasted = {name: f"\u200b\u2068{value}\u2069\ufeff" for name, value in JANE.items()}
    created = client.post(PATH, pasted)
    assert {**created.json(), **JANE} == created.json()
    only = client.post(PATH, {"name": "\u200b", "email": "\ufeff", "phone": "\u2060"})
    assert only.status_code == 400


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "name"),
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"name": ["Jane"]}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Jane\x00"}, "name"),
        ({"name": "Jane\ud83d"}, "name"),
        ({"name": "\x07"}, "name"),
        ({"email": "jane"}, "email"),
        ({"email": "jane@localhost"}, "email"),
        ({"email": "jane@[127.0.0.1]"}, "email"),
        ({"email": ""}, "email"),
        ({"email": True}, "email"),
        ({"email": {}}, "email"),
        ({"email": "j@" + "x" * 300 + ".com"}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"email": "a\ud83d@example.com"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"phone": "call me"}, "phone"),
        ({"phone": 1.5}, "phone"),
        ({"phone": []}, "phone"),
        ({"phone": "+" + "1" * 60}, "phone"),
        ({"email": None, "phone": None}, "name"),
    ],
)
def test_invalid_input_names_its_field(client: APIClient, data: dict[str, Any], field: str) -> None:
    response = client.post(PATH, json.dumps(data), content_type="application/json")
    assert response.status_code == 400
    error = response.json()
    assert error.keys() == {"code", "message", "fields"}
    assert error["code"] == "invalid"
    assert list(error["fields"]) == [field]
    assert error["message"].startswith(field)
    assert Contact.objects.count() == 0


def test_all_invalid_fields_are_named_together(client: APIClient) -> None:
    response = client.post(PATH, {"name": "Jane", "email": "jane", "phone": "12"})
    assert response.json()["fields"].keys() == {"email", "phone"}


@pytest.mark.parametrize(
    ("data", "field"),
    [({"email": "JANE@example.com"}, "email"), ({"phone": "0041 44 668 18 00"}, "phone")],
)
def test_two_contacts_cannot_share_details(
    client: APIClient, jane: Contact, data: dict[str, str], field: str
) -> None:
    assert client.post(PATH, data).status_code == 400
    other = client.post(PATH, {"name": "Other"}).json()
    refused = client.patch(f"{PATH}{other['id']}/", data)
    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == [field]
    assert "nother contact" in refused.json()["message"]
    assert client.get(f"{PATH}{other['id']}/").json() == other


def test_two_organizations_can_have_the_same_person(
    api: Connect, charlie: User, jane: Contact
) -> None:
    assert api(charlie).post(PATH, {**JANE}).status_code == 201


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_refused_change_changes_nothing(client: APIClient, jane: Contact, method: str) -> None:
    path = f"{PATH}{jane.id}/"
    before = client.get(path).json()
    data = {"name": "Changed", "email": "jane", "phone": "+1234567890"}
    assert getattr(client, method)(path, data).status_code == 400
    assert client.get(path).json() == before


def test_a_contact_keeps_at_least_one_detail(client: APIClient, acme: Organization) -> None:
    contact = Contact.objects.create(organization=acme, email="jane@example.com")
    refused = client.patch(f"{PATH}{contact.id}/", {"email": None})
    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == ["name"]


def test_concurrently_deleted_contact_is_not_recreated(jane: Contact) -> None:
    Contact.objects.all().delete()
    with pytest.raises(ApplicationError) as caught:
        save_contact(contact=jane, details={"name": "Jane"})
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert Contact.objects.count() == 0
