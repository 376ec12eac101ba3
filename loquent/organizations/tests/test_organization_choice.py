"""Which organization a request is about: the key's, the header's, or the one joined first."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.organizations.models import Membership, Organization, Role

Connect = Callable[..., APIClient]
CONTACTS = "/api/v1/contacts/"


@pytest.fixture(autouse=True)
def _contacts(acme: Organization, globex: Organization) -> None:
    Contact.objects.create(organization=acme, name="Of Acme")
    Contact.objects.create(organization=globex, name="Of Globex")


def names(client: APIClient) -> list[str]:
    return [contact["name"] for contact in client.get(CONTACTS).json()["results"]]


def in_globex(api: Connect, caller: User | str, globex: Organization) -> APIClient:
    client: APIClient = api(caller, **{"X-Organization-Id": str(globex.id)})
    return client


def test_default_is_the_organization_joined_first(
    api: Connect, alice: User, globex: Organization
) -> None:
    Membership.objects.create(organization=globex, user=alice, role=Role.OWNER)
    assert names(api(alice)) == ["Of Acme"]
    assert names(in_globex(api, alice, globex)) == ["Of Globex"]


def test_role_is_that_of_the_selected_organization(
    api: Connect, alice: User, acme: Organization, globex: Organization
) -> None:
    Membership.objects.create(organization=globex, user=alice, role=Role.VIEWER)
    client = in_globex(api, alice, globex)
    assert names(client) == ["Of Globex"]
    assert client.post(CONTACTS, {"name": "New"}).status_code == 403
    assert api(alice).post(CONTACTS, {"name": "New"}).status_code == 201
    assert Contact.objects.get(name="New").organization == acme


@pytest.mark.parametrize("method", ["get", "post"])
def test_foreign_organization_is_refused_like_an_unknown_one(
    api: Connect, alice: User, globex: Organization, method: str
) -> None:
    answers = []
    for named in (str(globex.id), str(uuid.uuid4()), "globex", "", "\xff", "0" * 5_000, "\x00"):
        client = api(alice, **{"X-Organization-Id": named})
        given = {"name": "New"} if method == "post" else {}
        answers.append(getattr(client, method)(CONTACTS, given))
    none_named = answers.pop(3)
    assert none_named.status_code in {200, 201}
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert not Contact.objects.filter(organization=globex, name="New").exists()


def test_a_key_stays_in_its_organization(api: Connect, acme_key: str, globex: Organization) -> None:
    client = in_globex(api, acme_key, globex)
    assert names(client) == ["Of Acme"]


def test_superuser_can_select_any(api: Connect, globex: Organization) -> None:
    root = User.objects.create_superuser("root", password="x")
    assert names(in_globex(api, root, globex)) == ["Of Globex"]
    assert names(api(root)) == ["Of Acme"]
