"""An owner who leaves has no way back: invitations and API keys end with the right to make them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.tests.parallel import in_parallel
from loquent.organizations.models import ApiKey, Invitation, Membership, Organization, Role
from loquent.organizations.services.invitations import accept_as_new, invite
from loquent.organizations.services.organizations import (
    authenticate_api_key,
    create_api_key,
    remove_member,
)
from loquent.testing.people import api_client, make_member
from loquent.tokens import token_digest

MEMBERS = "/admin/organizations/membership/"
INVITATIONS = "/admin/organizations/invitation/"
KEYS = "/admin/organizations/apikey/"
API_KEYS = "/api/v1/api-keys/"
CONTACTS = "/api/v1/contacts/"
JOIN = "/admin/join/"
PASSWORD = "correct horse battery"


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def mallory(acme: Organization) -> User:
    """An owner of Acme beside alice, who is going to leave."""
    return make_member(acme, "mallory", Role.OWNER)


@pytest.fixture
def link(acme: Organization, mallory: User) -> str:
    """Mallory's invitation to an address of hers, as an owner."""
    data = {"organization": str(acme.id), "email": "again@example.com", "role": "owner"}
    page = browser_of(mallory).post(f"{INVITATIONS}add/", data).content.decode()
    [path] = re.findall(r"/admin/join/lqi_[\w-]{43}/", page)
    return str(path)


@pytest.fixture
def key(mallory: User) -> str:
    """An API key that mallory made over REST."""
    answer = api_client(mallory).post(API_KEYS, {"name": "Shop", "scope": "write"})
    return str(answer.json()["key"])


def path_of(user: User) -> str:
    return f"{MEMBERS}{Membership.objects.get(user=user).id}/"


def remove(alice: User, mallory: User) -> Any:
    return browser_of(alice).post(f"{path_of(mallory)}delete/", {"post": "yes"})


def remove_with_others(alice: User, mallory: User) -> Any:
    ids = [str(Membership.objects.get(user=mallory).id)]
    data = {"action": "delete_selected", "_selected_action": ids, "post": "yes"}
    return browser_of(alice).post(MEMBERS, data)


def demote(alice: User, mallory: User) -> Any:
    return browser_of(alice).post(f"{path_of(mallory)}change/", {"role": "admin"})


def leave(alice: User, mallory: User) -> Any:
    return browser_of(mallory).post(f"{path_of(mallory)}delete/", {"post": "yes"})


def step_down(alice: User, mallory: User) -> Any:
    return browser_of(mallory).post(f"{path_of(mallory)}change/", {"role": "viewer"})


WAYS = [remove, remove_with_others, demote, leave, step_down]


def tries_to_join(link: str) -> int:
    """Follow a link, choose a password, and see whether that made a member."""
    visitor = Client()
    visitor.get(link)
    form = {"name": "Back", "password": PASSWORD, "again": PASSWORD}
    visitor.post(JOIN, form)
    return Membership.objects.filter(user__username="again@example.com").count()


@pytest.mark.parametrize("way", WAYS)
def test_invitations_and_keys_end_with_the_role(
    alice: User, mallory: User, link: str, key: str, way: Callable[[User, User], Any]
) -> None:
    acme = alice.memberships.get().organization
    invite(organization=acme, email="ok@example.com", role=Role.VIEWER, invited_by=alice)
    assert api_client(key).get(CONTACTS).status_code == 200
    assert way(alice, mallory).status_code == 302
    assert list(Invitation.objects.values_list("email", flat=True)) == ["ok@example.com"]
    assert tries_to_join(link) == 0
    assert api_client(key).get(CONTACTS).status_code == 401
    assert ApiKey.objects.get().revoked_at is not None


def test_invitations_and_keys_of_others_remain(
    alice: User, acme: Organization, globex: Organization, mallory: User
) -> None:
    path = f"{path_of(mallory)}delete/"
    Membership.objects.create(organization=globex, user=mallory, role=Role.OWNER)
    made = [
        create_api_key(organization=organization, name="Key", created_by=maker)[1]
        for organization, maker in ((acme, alice), (acme, None), (globex, mallory))
    ]
    invite(organization=globex, email="x@example.com", role=Role.VIEWER, invited_by=mallory)
    assert browser_of(alice).post(path, {"post": "yes"}).status_code == 302
    assert [api_client(key).get(CONTACTS).status_code for key in made] == [200, 200, 200]
    assert Invitation.objects.count() == 1


def test_owner_who_remains_owner_keeps_everything(
    alice: User, mallory: User, link: str, key: str
) -> None:
    path = f"{path_of(mallory)}change/"
    assert browser_of(alice).post(path, {"role": "owner"}).status_code == 302
    assert api_client(key).get(CONTACTS).status_code == 200
    assert tries_to_join(link) == 1


def ticks(page: str) -> tuple[list[str], list[str]]:
    """The keys that a page lists, and those of them with a tick for "revoke"."""
    listed = re.findall(r'<input type="hidden" name="listed_keys" value="([\w-]+)"', page)
    boxes = re.findall(r'<input type="checkbox" name="revoked_keys" value="([\w-]+)"([^>]*)>', page)
    return listed, [value for value, rest in boxes if "checked" in rest]


@pytest.mark.parametrize("page", ["delete", "change"])
def test_unchecked_key_passes_to_the_removing_owner(
    alice: User, acme: Organization, mallory: User, key: str, page: str
) -> None:
    create_api_key(organization=acme, name="Other", created_by=mallory)
    browser = browser_of(alice)
    path = f"{path_of(mallory)}{page}/"
    html = browser.get(path).content.decode()
    listed, ticked = ticks(html)
    made = [str(key) for key in ApiKey.objects.values_list("id", flat=True)]
    assert sorted(listed) == sorted(ticked) == sorted(made)
    assert "Shop (lqk_" in html
    # Made after the page was loaded: nobody chose to keep it.
    create_api_key(organization=acme, name="In between", created_by=mallory)
    shop, other = ApiKey.objects.get(name="Shop"), ApiKey.objects.get(name="Other")
    data = {"post": "yes", "role": "viewer", "listed_keys": listed, "revoked_keys": [str(other.id)]}
    assert browser.post(path, data).status_code == 302
    shop.refresh_from_db()
    assert (shop.created_by, shop.revoked_at) == (alice, None)
    assert api_client(key).get(CONTACTS).status_code == 200
    assert ApiKey.objects.exclude(id=shop.id).filter(revoked_at=None).count() == 0
    # And it ends with the right of its new maker.
    make_member(acme, "last", Role.OWNER)
    assert leave(alice, alice).status_code == 302
    assert api_client(key).get(CONTACTS).status_code == 401


@pytest.mark.parametrize("page", ["delete", "change"])
def test_departing_member_cannot_keep_their_keys(
    alice: User, mallory: User, key: str, page: str
) -> None:
    browser = browser_of(mallory)
    html = browser.get(f"{path_of(mallory)}{page}/").content.decode()
    assert ticks(html) == ([], [])
    assert "Shop (lqk_" in html
    listed = [str(ApiKey.objects.get().id)]
    data = {"post": "yes", "role": "viewer", "listed_keys": listed}
    browser.post(f"{path_of(mallory)}{page}/", data)
    assert ApiKey.objects.get().revoked_at is not None


def test_keys_of_others_cannot_be_claimed(
    alice: User, acme: Organization, globex: Organization, mallory: User, charlie: User
) -> None:
    foreign, _ = create_api_key(organization=globex, name="Foreign", created_by=charlie)
    free, _ = create_api_key(organization=acme, name="Free")
    listed = [str(foreign.id), str(free.id), "nonsense", ""]
    data = {"post": "yes", "listed_keys": listed}
    assert browser_of(alice).post(f"{path_of(mallory)}delete/", data).status_code == 302
    makers = dict(ApiKey.objects.values_list("name", "created_by"))
    assert makers == {"Foreign": charlie.pk, "Free": None}


def test_pages_say_what_ends(alice: User, mallory: User, link: str, key: str) -> None:
    browser = browser_of(alice)
    page = browser.get(f"{path_of(mallory)}delete/").content.decode()
    assert "again@example.com" in page
    assert "Remove member" in page
    ids = [str(Membership.objects.get(user=mallory).id)]
    many = browser.post(MEMBERS, {"action": "delete_selected", "_selected_action": ids})
    assert "Shop (lqk_" in many.content.decode()
    assert "(will be revoked)" in many.content.decode()


def end_account(user: User) -> None:
    User.objects.filter(id=user.id).update(is_active=False)


def delete_account(user: User) -> None:
    root = browser_of(User.objects.create_superuser("root", password="x"))
    assert root.post(f"/admin/auth/user/{user.id}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(id=user.id).exists()


def end_membership(user: User) -> None:
    Membership.objects.filter(user=user).delete()


@pytest.mark.parametrize("end", [end_account, delete_account, end_membership])
def test_permission_is_checked_again_on_use(
    alice: User, mallory: User, link: str, key: str, end: Callable[[User], None]
) -> None:
    end(mallory)
    assert api_client(key).get(CONTACTS).status_code == 401
    assert tries_to_join(link) == 0
    assert "no longer valid" in browser_of(alice).get(INVITATIONS).content.decode()


def test_invitation_opened_before_the_removal_is_invalid(
    alice: User, mallory: User, link: str
) -> None:
    visitor = Client()
    visitor.get(link)
    assert visitor.get(JOIN).status_code == 200
    end_account(mallory)
    form = {"name": "Back", "password": PASSWORD, "again": PASSWORD}
    assert visitor.post(JOIN, form).status_code == 404
    assert not User.objects.filter(username="again@example.com").exists()


def test_resent_invitation_belongs_to_its_sender(alice: User, mallory: User, link: str) -> None:
    end_account(mallory)
    row = Invitation.objects.get()
    page = browser_of(alice).post(f"{INVITATIONS}{row.pk}/resend/").content.decode()
    [new] = re.findall(r"/admin/join/lqi_[\w-]{43}/", page)
    row.refresh_from_db()
    assert row.invited_by == alice
    assert tries_to_join(link) == 0
    assert tries_to_join(new) == 1


def test_superuser_keys_do_not_depend_on_a_membership(acme: Organization, alice: User) -> None:
    root = User.objects.create_superuser("root@example.com", password="x")
    membership = Membership.objects.create(organization=acme, user=root, role=Role.OWNER)
    _, key = create_api_key(organization=acme, name="Root", created_by=root)
    _, token = invite(
        organization=acme, email="again@example.com", role=Role.VIEWER, invited_by=root
    )
    remove_member(membership=membership, removed_by=alice)
    assert api_client(key).get(CONTACTS).status_code == 200
    assert tries_to_join(f"/admin/join/{token}/") == 1


def test_keys_show_their_creator(alice: User, acme: Organization, mallory: User, key: str) -> None:
    create_api_key(organization=acme, name="Nobody's")
    client = api_client(alice)
    client.post(API_KEYS, {"name": "Mine", "created_by": mallory.username})
    browser = browser_of(alice)
    browser.post(f"{KEYS}add/", {"organization": acme.id, "name": "By form", "scope": "read"})
    makers = {row["name"]: row["created_by"] for row in client.get(API_KEYS).json()["results"]}
    assert makers == {
        "Shop": mallory.username,
        "Nobody's": None,
        "Mine": alice.username,
        "By form": alice.username,
    }
    page = browser.get(KEYS).content.decode()
    assert "Created by" in page
    assert mallory.username in page
    assert "not an owner" not in page.split("result_list")[1]
    end_account(mallory)
    assert "not an owner" in browser.get(KEYS).content.decode()
    shop = ApiKey.objects.get(name="Shop")
    assert "not an owner" in browser.get(f"{KEYS}{shop.id}/change/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_concurrent_accept_and_removal_are_consistent(acme: Organization, alice: User) -> None:
    """Either the guest was quicker, or the invitation is over; neither waits for ever."""
    for number in range(4):
        owner = make_member(acme, f"owner{number}", Role.OWNER)
        email = f"guest{number}@example.com"
        _, token = invite(organization=acme, email=email, role=Role.OWNER, invited_by=owner)
        membership = Membership.objects.get(user=owner)

        def act(part: int, token: str = token, membership: Membership = membership) -> None:
            if part:
                remove_member(membership=membership, removed_by=alice)
            else:
                accept_as_new(digest=token_digest(token), name="Guest", password=PASSWORD)

        outcomes = in_parallel(act, [0, 1])
        joined = Membership.objects.filter(user__username=email).exists()
        assert joined is (outcomes[0] is None)
        assert outcomes[1] is None
        assert not Membership.objects.filter(id=membership.id).exists()
    assert Invitation.objects.count() == 0


def test_key_authentication_takes_one_query(
    acme: Organization, alice: User, django_assert_num_queries: Any
) -> None:
    _, key = create_api_key(organization=acme, name="A", created_by=alice)
    authenticate_api_key(key=key)
    with django_assert_num_queries(1):
        authenticate_api_key(key=key)
