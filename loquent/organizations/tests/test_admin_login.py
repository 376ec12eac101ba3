"""Members sign in to the admin with their email, and see what their role lets them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import Membership, Organization
from loquent.testing.people import PASSWORD

LOGIN = "/admin/login/"
PAGES = [
    "/admin/organizations/organization/",
    "/admin/organizations/membership/",
    "/admin/agents/textagent/",
    "/admin/contacts/contact/",
    "/admin/widgets/widgetconfig/",
    "/admin/widgets/widgetsession/",
]
KEYS = "/admin/organizations/apikey/"


def sign_in(client: Client, name: str, password: str = PASSWORD) -> int:
    return client.post(LOGIN, {"username": name, "password": password}).status_code


@pytest.mark.parametrize(
    "name",
    [
        "alice@example.com",
        "Alice@Example.COM",
        "  ALICE@example.com ",
        "ａlice@example.com",
        "\u200balice@example.com",
        "\ufeffalice@example.com\u200e",
        "\u2068alice@example.com\u2069",
    ],
)
def test_email_is_accepted_in_any_case(client: Client, alice: User, name: str) -> None:
    assert sign_in(client, name) == 302
    assert client.get("/admin/").status_code == 200
    assert not alice.is_superuser


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice@example.com", "wrong"),
        ("alice@example.com", PASSWORD.upper()),
        ("alice", PASSWORD),
        ("", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("alice@example.com\x00", PASSWORD),
        ("x" * 10_000, PASSWORD),
        ("%", PASSWORD),
    ],
)
def test_wrong_credentials_are_refused(
    client: Client, alice: User, name: str, password: str
) -> None:
    assert sign_in(client, name, password) == 200
    assert client.get("/admin/").status_code == 302


def test_superuser_logs_in_with_a_plain_user_name(client: Client, db: None) -> None:
    User.objects.create_superuser("Root", password=PASSWORD)
    assert sign_in(client, "Root") == 302


def test_inactive_user_cannot_log_in(client: Client, alice: User) -> None:
    User.objects.update(is_active=False)
    assert sign_in(client, "alice@example.com") == 200
    client.force_login(alice)
    assert client.get(PAGES[0]).status_code == 302


@pytest.mark.parametrize("path", [*PAGES, KEYS])
def test_anonymous_user_is_redirected_to_login(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)


def linked_pages(client: Client) -> str:
    """The start page, the inbox, and the settings with their tabs."""
    page = client.get("/admin/")
    [settings] = [
        item["url"]
        for group in page.context["lq_navigation"]
        for item in group["items"]
        if item["label"] == "Settings"
    ]
    others = [client.get(url) for url in ("/admin/inbox/", settings)]
    return "".join(each.content.decode() for each in (page, *others))


@pytest.mark.parametrize("path", PAGES)
def test_viewer_sees_every_page_except_keys(client: Client, bob: User, path: str) -> None:
    client.force_login(bob)
    assert client.get(path).status_code == 200
    assert client.get(f"{path}add/").status_code == 403
    assert client.get(KEYS).status_code == 403
    linked = linked_pages(client)
    assert path in linked
    assert KEYS not in linked


def test_owner_sees_all_pages_except_accounts(client: Client, alice: User) -> None:
    client.force_login(alice)
    index = linked_pages(client)
    for path in [*PAGES, KEYS]:
        assert path in index
        assert client.get(path).status_code == 200
    for path in ("/admin/auth/user/", "/admin/auth/group/", f"{PAGES[0]}add/"):
        assert client.get(path).status_code == 403
    assert "/admin/auth/" not in index


def test_former_member_sees_nothing(client: Client, alice: User, acme: Organization) -> None:
    Membership.objects.all().delete()
    client.force_login(alice)
    for path in [*PAGES, KEYS]:
        assert client.get(path).status_code == 403


def test_superuser_sees_everything(
    client: Client, acme: Organization, globex: Organization
) -> None:
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    for path in [*PAGES, KEYS, "/admin/auth/user/"]:
        assert client.get(path).status_code == 200
    body = client.get(PAGES[0]).content.decode()
    assert "Acme" in body
    assert "Globex" in body
    assert client.get(f"{PAGES[-1]}add/").status_code == 403
