"""`manage.py create_organization`: an organization, its owner, and a first key."""

import json
import uuid
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from loquent.organizations.models import ApiKey, Membership, Organization, Role
from loquent.testing.people import PASSWORD, api_client


def create(name: str = "Acme", email: str = "Owner@Example.com", **options: Any) -> str:
    out = StringIO()
    options.setdefault("owner_password", PASSWORD)
    call_command("create_organization", name, owner_email=email, stdout=out, **options)
    return out.getvalue()


def test_json_output_has_the_id_and_the_key(db: None) -> None:
    answer = json.loads(create(json=True))
    assert answer.keys() == {"organization_id", "api_key"}
    organization = Organization.objects.get(id=uuid.UUID(answer["organization_id"]))
    assert organization.name == "Acme"
    assert api_client(answer["api_key"]).get("/api/v1/widgets/").status_code == 200


def test_the_owner_signs_in_with_the_email(db: None, client: Any) -> None:
    create()
    owner = User.objects.get()
    assert (owner.username, owner.is_staff, owner.is_superuser) == (
        "owner@example.com",
        True,
        False,
    )
    assert Membership.objects.get().role == Role.OWNER
    login = {"username": "owner@example.com", "password": PASSWORD}
    assert client.post("/admin/login/", login).status_code == 302
    assert client.get("/admin/widgets/widgetconfig/add/").status_code == 200


def test_default_output_is_for_people(db: None) -> None:
    out = create(time_zone="Europe/Zurich", phone_region="CH")
    assert "Owner: owner@example.com" in out
    assert "lqk_" in out
    organization = Organization.objects.get()
    assert (organization.timezone, organization.default_phone_region) == ("Europe/Zurich", "CH")


def test_one_person_can_own_two_organizations(db: None) -> None:
    create("One")
    create("Two")
    assert User.objects.get().memberships.count() == 2


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"email": "nobody"}, "owner_email"),
        ({"email": ""}, "owner_email"),
        ({"email": "x" * 60 + "@" + "y" * 60 + "." + "z" * 60 + ".com"}, "owner_email"),
        ({"owner_password": ""}, "owner_password"),
        ({"owner_password": "12345678"}, "owner_password"),
        ({"time_zone": "Mars/Olympus"}, "timezone"),
        ({"phone_region": "XX"}, "default_phone_region"),
        ({"phone_region": "CHE"}, "default_phone_region"),
    ],
    ids=str,
)
def test_invalid_input_is_named_and_nothing_is_created(
    db: None, options: dict[str, str], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        create(**options)
    for model in (Organization, User, Membership, ApiKey):
        assert model.objects.count() == 0


def test_existing_account_of_another_person_is_not_reused(db: None) -> None:
    create("One")
    with pytest.raises(CommandError, match="owner_password"):
        create("Two", owner_password="another good password")
    assert Organization.objects.count() == 1
