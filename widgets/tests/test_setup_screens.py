"""The set-up assistant: four screens, each can be skipped, nothing typed is lost."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.agents.models import KnowledgeEntry
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import make_member
from widgets.admin.contrast import contrast_warning
from widgets.models import WidgetConfig
from widgets.services.demo import OWNER_EMAIL, create_demo
from widgets.services.setup.first_run import PRIMARY_COLOR, sites_of

SHOP = {
    "website": "brotundliebe.example", "name": "Brot & Liebe", "email": "hallo@brot.example",
    "phone": "+41 44 123 45 67",
}  # fmt: skip


@pytest.fixture
def owner(client: Client, acme: Organization) -> User:
    user = make_member(acme, "boss", Role.OWNER)
    client.force_login(user)
    return user


def test_first_screen_makes_an_answering_chat(
    client: Client, owner: User, acme: Organization
) -> None:
    assert client.get("/admin/setup/teach/")["Location"] == "/admin/setup/shop/"
    assert client.post("/admin/setup/shop/", SHOP)["Location"] == "/admin/setup/teach/"
    acme.refresh_from_db()
    assert (acme.name, acme.website) == ("Brot & Liebe", "https://brotundliebe.example")
    assert acme.phone == "+41 44 123 45 67"
    widget = WidgetConfig.objects.get()
    assert widget.organization == acme
    assert widget.allowed_origins == [
        "https://brotundliebe.example", "https://www.brotundliebe.example",
    ]  # fmt: skip
    assert (widget.name, widget.daily_message_cap) == ("Brot & Liebe", 500)
    assert contrast_warning(PRIMARY_COLOR, widget.text_color) == ""
    assert widget.notice is not None
    assert "AI" in widget.notice["text"]
    # A second time, nothing is made.
    client.post("/admin/setup/shop/", SHOP)
    assert WidgetConfig.objects.count() == 1


def test_each_screen_can_be_skipped(client: Client, owner: User, acme: Organization) -> None:
    assert client.post("/admin/setup/shop/", {**SHOP, "skip": "1"}).status_code == 302
    acme.refresh_from_db()
    assert acme.website == ""
    assert client.post("/admin/setup/teach/", {"skip": "1"})["Location"] == "/admin/setup/try/"
    for page in ("try", "site"):
        assert client.get(f"/admin/setup/{page}/").status_code == 200
    assert KnowledgeEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ({"website": "not a site"}, "website"),
        ({"email": "nobody"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"name": ""}, "name"),
    ],
)
def test_mistake_is_named_and_nothing_typed_is_lost(
    client: Client, owner: User, typed: dict[str, str], name: str
) -> None:
    response = client.post("/admin/setup/shop/", {**SHOP, **typed})
    assert response.status_code == 400
    page = response.content.decode()
    assert "Please check what you entered" in page
    assert f'<a href="#id_{name}">' in page
    for value in {**SHOP, **typed}.values():
        assert value.replace("&", "&amp;") in page
    assert WidgetConfig.objects.count() == 0


def test_answers_and_files_become_knowledge(client: Client, owner: User) -> None:
    client.post("/admin/setup/shop/", SHOP)
    file = io.BytesIO(b"title,text\nCakes,We bake cakes to order.\nCoffee,We sell coffee.\n")
    file.name = "faq.csv"
    form: dict[str, Any] = {"hours": "Monday to Friday.", "returns": " ", "documents": [file]}
    page = client.post("/admin/setup/teach/", form, follow=True).content.decode()
    assert "3 answers saved." in page
    assert set(KnowledgeEntry.objects.values_list("title", flat=True)) == {
        "Opening hours", "Cakes", "Coffee",
    }  # fmt: skip
    assert "data-ask>Opening hours" in page
    assert "Monday to Friday." in client.get("/admin/setup/teach/").content.decode()
    client.post("/admin/setup/teach/", {"hours": "Every day."})
    assert KnowledgeEntry.objects.get(title="Opening hours").content == "Every day."


def test_unreadable_file_is_named(client: Client, owner: User) -> None:
    client.post("/admin/setup/shop/", SHOP)
    file = io.BytesIO(b"%PDF-1.4")
    file.name = "prices.pdf"
    page = client.post("/admin/setup/teach/", {"documents": [file]}, follow=True).content.decode()
    assert "“prices.pdf”: " in page
    assert KnowledgeEntry.objects.count() == 0


def test_last_screen_has_the_code_and_the_link(client: Client, owner: User) -> None:
    client.post("/admin/setup/shop/", SHOP)
    page = client.get("/admin/setup/site/").content.decode()
    widget_id = WidgetConfig.objects.get().widget_id
    assert f"data-widget=&quot;{widget_id}&quot;" in page
    assert f"/chat/{widget_id}" in page


def test_admin_sets_up_all_but_the_shop(client: Client, acme: Organization) -> None:
    client.force_login(make_member(acme, "admin", Role.ADMIN))
    assert "Only an owner" in client.get("/admin/setup/shop/").content.decode()
    client.post("/admin/setup/shop/", SHOP)
    acme.refresh_from_db()
    assert acme.website == ""
    assert WidgetConfig.objects.count() == 1


def test_viewer_sets_up_nothing(client: Client, bob: User) -> None:
    client.force_login(bob)
    for page in ("", "shop/", "teach/", "try/", "site/"):
        assert client.get(f"/admin/setup/{page}").status_code == 404
    for page in ("shop", "teach", "own-shop", "look", "hide"):
        assert client.post(f"/admin/setup/{page}/", SHOP).status_code == 404
    assert WidgetConfig.objects.count() == 0


def test_demo_owner_starts_their_own_shop_once(client: Client, db: None) -> None:
    create_demo(owner_password="a long password for tests", site_url="http://demo.example")
    client.force_login(User.objects.get(username=OWNER_EMAIL))
    assert "Start with my own shop" in client.get("/admin/setup/").content.decode()
    assert client.post("/admin/setup/own-shop/")["Location"] == "/admin/setup/shop/"
    own = Organization.objects.get(name="My shop")
    assert own.retention_days == 90
    assert Membership.objects.get(organization=own).role == Role.OWNER
    page = client.get("/admin/setup/").content.decode()
    assert "0 of 7 done" in page
    assert "Start with my own shop" not in page
    # From the shop itself it is refused; from the demo it leads to the same shop.
    assert client.post("/admin/setup/own-shop/").status_code == 404
    demo = Organization.objects.get(name="Demo shop")
    client.post("/admin/switch-organization/", {"organization": str(demo.id)})
    assert client.post("/admin/setup/own-shop/").status_code == 302
    assert Organization.objects.count() == 2


def test_hidden_checklist_comes_back_on_request(
    client: Client, owner: User, acme: Organization
) -> None:
    title = "Get your chat ready"
    page = client.get("/admin/").content.decode()
    assert title in page
    assert 'href="/admin/organizations/invitation/add/">Invite a colleague</a>' in page
    hidden = client.post("/admin/setup/hide/", {"hide": "1"}, follow=True).content.decode()
    assert title not in hidden
    assert "You can find the checklist under Help › Set-up." in hidden
    assert 'href="/admin/setup/"' in hidden
    # It is hidden for the whole organization, also after the next login.
    client.force_login(make_member(acme, "dora", Role.ADMIN))
    assert title not in client.get("/admin/").content.decode()
    page = client.get("/admin/setup/").content.decode()
    assert title in page
    assert "Invite a colleague" not in page
    assert "Show on Home" in page
    assert client.get("/admin/setup/hide/").status_code == 405
    client.post("/admin/setup/hide/", {"hide": "0"})
    assert title in client.get("/admin/").content.decode()


def test_owner_of_another_organization_makes_no_new_one(client: Client, owner: User) -> None:
    assert "Start with my own shop" not in client.get("/admin/setup/").content.decode()
    assert client.post("/admin/setup/own-shop/").status_code == 404
    assert Organization.objects.count() == 1


@pytest.mark.parametrize(
    ("website", "sites"),
    [
        ("", None),
        ("https://a.example/shop?x=1", ["https://a.example", "https://www.a.example"]),
        ("http://www.a.example:8080", ["http://a.example:8080", "http://www.a.example:8080"]),
        ("http://localhost:3000", ["http://localhost:3000"]),
        ("http://192.168.1.2", ["http://192.168.1.2"]),
    ],
)
def test_website_becomes_the_allowed_sites(website: str, sites: list[str] | None) -> None:
    assert sites_of(website) == sites
