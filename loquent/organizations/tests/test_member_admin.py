"""Owners manage members; an organization never loses its last owner."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.tests.parallel import in_parallel
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Membership, Organization, Role
from loquent.organizations.services.organizations import change_role, remove_member
from loquent.testing.people import make_member

LIST = "/admin/organizations/membership/"


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def member(user: User) -> Membership:
    return Membership.objects.get(user=user)


def test_members_cannot_be_added_without_an_invitation(
    client: Client, alice: User, charlie: User, acme: Organization
) -> None:
    for user in (alice, User.objects.create_superuser("root", password="x")):
        client.force_login(user)
        data = {"organization": acme.id, "email": charlie.username, "user": charlie.id}
        assert client.post(f"{LIST}add/", {**data, "role": "viewer"}).status_code == 403
    assert charlie.memberships.count() == 1


def test_owners_see_last_logins(client: Client, alice: User, bob: User) -> None:
    User.objects.filter(id=bob.id).update(first_name="Bob Builder", last_login=None)
    for user, sees in ((alice, True), (bob, False)):
        client.force_login(user)
        User.objects.filter(id=bob.id).update(last_login=None)
        for path in (LIST, f"{LIST}{member(bob).id}/change/"):
            page = client.get(path).content.decode()
            assert "Bob Builder" in page
            assert ("ast login" in page) is sees
            assert ("never" in page) is sees
        assert ("Invite a member" in client.get(LIST).content.decode()) is sees


def test_times_have_one_format_in_list_and_form(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    joined = datetime(2026, 3, 1, 9, 5, 7, 123456, tzinfo=UTC)
    Membership.objects.update(created_at=joined)
    for path in (LIST, f"{LIST}{member(bob).id}/change/"):
        assert "1 Mar 2026, 09:05" in client.get(path).content.decode()


def test_owner_can_change_only_the_role(
    client: Client, alice: User, bob: User, acme: Organization, globex: Organization
) -> None:
    client.force_login(alice)
    data = {"role": "admin", "user": alice.id, "organization": globex.id}
    assert client.post(f"{LIST}{member(bob).id}/change/", data).status_code == 302
    assert (member(bob).role, member(bob).organization) == ("admin", acme)


def test_an_owner_removes_a_member(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    response = client.post(f"{LIST}{member(bob).id}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not Membership.objects.filter(user=bob).exists()
    assert User.objects.filter(id=bob.id).exists()


def test_last_owner_cannot_be_demoted(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    path = f"{LIST}{member(alice).id}"
    response = client.post(f"{path}/change/", {"role": "viewer"})
    assert "needs an owner" in errors(response)["role"][0]
    page = client.get(f"{path}/delete/").content.decode()
    assert "needs an owner" in page
    refused = client.post(f"{path}/delete/", {"post": "yes"})
    assert refused.status_code in {200, 403}
    both = [str(member(user).id) for user in (alice, bob)]
    client.post(LIST, {"action": "delete_selected", "_selected_action": both, "post": "yes"})
    assert member(alice).role == Role.OWNER
    assert member(bob).role == Role.VIEWER


def test_one_of_two_owners_can_leave(client: Client, alice: User, acme: Organization) -> None:
    second = make_member(acme, "second", Role.OWNER)
    client.force_login(alice)
    both = [str(member(user).id) for user in (alice, second)]
    client.post(LIST, {"action": "delete_selected", "_selected_action": both, "post": "yes"})
    assert Membership.objects.count() == 2
    client.post(f"{LIST}{member(alice).id}/delete/", {"post": "yes"})
    assert member(second).role == Role.OWNER
    assert not Membership.objects.filter(user=alice).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", ["remove", "demote"])
def test_concurrent_departures_leave_one_owner(acme: Organization, leave: str) -> None:
    for n in range(8):
        make_member(acme, f"owner-{n}", Role.OWNER)
    members = list(Membership.objects.all())

    def go(membership: Membership) -> None:
        if leave == "remove":
            remove_member(membership=membership)
        else:
            change_role(membership=membership, role=Role.VIEWER)

    outcomes = in_parallel(go, members)
    refused = [error for error in outcomes if error is not None]
    assert [e.code for e in refused if isinstance(e, ApplicationError)] == [ErrorCode.CONFLICT]
    assert len(refused) == 1
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_only_owners_manage_members(
    client: Client, alice: User, bob: User, acme: Organization, role: Role
) -> None:
    Membership.objects.filter(user=bob).update(role=role)
    client.force_login(bob)
    assert "alice@example.com" in client.get(LIST).content.decode()
    for user in (alice, bob):
        path = f"{LIST}{member(user).id}"
        assert client.post(f"{path}/change/", {"role": "owner"}).status_code == 403
        assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    assert (member(alice).role, member(bob).role) == ("owner", role)
