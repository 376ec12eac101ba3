"""A member of several organizations works in one of them, sees which, and switches."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import make_agent, make_member, make_widget

LIST = "/admin/contacts/contact/"
SWITCH = "/admin/switch-organization/"


@pytest.fixture
def dora(acme: Organization, globex: Organization) -> User:
    """Admin at Acme, viewer at Globex."""
    user = make_member(acme, "dora", Role.ADMIN)
    Membership.objects.create(organization=globex, user=user, role=Role.VIEWER)
    return user


@pytest.fixture
def theirs(globex: Organization) -> Contact:
    return Contact.objects.create(organization=globex, name="Zoe of Globex")


@pytest.fixture(autouse=True)
def own(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, name="Jane of Acme")


def text(client: Client, path: str = LIST) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def switch(client: Client, organization: object, **data: str) -> str:
    response = client.post(SWITCH, {"organization": organization, **data})
    assert response.status_code == 302
    return str(response["Location"])


def test_lists_show_the_current_organization(
    client: Client, dora: User, theirs: Contact, globex: Organization
) -> None:
    client.force_login(dora)
    page = text(client)
    assert "Jane of Acme" in page
    assert "Zoe of Globex" not in page
    assert client.get(LIST).context["lq_organization"].name == "Acme"
    assert switch(client, globex.pk, next=LIST) == LIST
    page = text(client)
    assert "Zoe of Globex" in page
    assert "Jane of Acme" not in page
    # The role there counts: a viewer adds and deletes nothing.
    assert f"{LIST}add/" not in page
    assert "delete_selected" not in page
    assert client.get(f"{LIST}add/").status_code == 403


def test_actions_affect_only_listed_rows(
    client: Client, dora: User, theirs: Contact, globex: Organization, own: Contact
) -> None:
    Membership.objects.filter(user=dora).update(role=Role.ADMIN)
    client.force_login(dora)
    selected = [str(own.pk), str(theirs.pk)]
    data = {"action": "delete_selected", "_selected_action": selected, "post": "yes"}
    client.post(LIST, data)
    assert list(Contact.objects.all()) == [theirs]


def test_link_into_another_own_organization_works_and_names_it(
    client: Client, dora: User, theirs: Contact, own: Contact, globex: Organization
) -> None:
    client.force_login(dora)
    for page in ("change", "history"):
        body = text(client, f"{LIST}{theirs.pk}/{page}/")
        assert "This belongs to <strong>Globex</strong>" in body
        assert "your lists show Acme" in body
    assert "This belongs to" not in text(client, f"{LIST}{own.pk}/change/")
    # A page of its own leads back to itself, and is of the current one then.
    path = f"{LIST}{theirs.pk}/change/"
    assert switch(client, globex.pk, next=path) == path
    assert "This belongs to" not in text(client, path)


def test_a_form_offers_what_belongs_to_its_organization(
    client: Client, dora: User, acme: Organization, globex: Organization
) -> None:
    Membership.objects.filter(user=dora).update(role=Role.ADMIN)
    ours, others = make_agent(acme), make_agent(globex)
    widget = make_widget(globex, agent=others)
    client.force_login(dora)
    page = text(client, "/admin/widgets/widgetconfig/add/")
    assert str(ours.pk) in page
    assert str(others.pk) not in page
    page = text(client, f"/admin/widgets/widgetconfig/{widget.pk}/change/")
    assert str(others.pk) in page
    # The navigation may lead to it.
    assert f'value="{ours.pk}"' not in page


def test_form_opened_before_a_switch_can_be_saved(
    client: Client, dora: User, acme: Organization, globex: Organization
) -> None:
    client.force_login(dora)
    text(client, f"{LIST}add/")
    switch(client, globex.pk)
    data = {"organization": acme.pk, "name": "Typed before", "email": "", "phone": ""}
    assert client.post(f"{LIST}add/", data).status_code == 302
    assert Contact.objects.get(name="Typed before").organization == acme


@pytest.mark.parametrize(
    "wanted", ["", "all", "x", "\x00", "914ca355-9416-4561-b9b3-5415a774f56d", "globex"]
)
def test_foreign_organization_cannot_be_selected(
    client: Client, alice: User, globex: Organization, theirs: Contact, wanted: str
) -> None:
    client.force_login(alice)
    switch(client, str(globex.pk) if wanted == "globex" else wanted)
    page = text(client)
    assert "You are not a member of this organization." in page
    assert "Zoe of Globex" not in page
    assert "Jane of Acme" in page


def test_former_member_switches_on_the_next_page(
    client: Client, dora: User, globex: Organization, theirs: Contact
) -> None:
    client.force_login(dora)
    switch(client, globex.pk)
    Membership.objects.filter(organization=globex).delete()
    page = text(client)
    assert "Zoe of Globex" not in page
    assert "Jane of Acme" in page


def test_switch_does_not_redirect_to_other_sites(
    client: Client, dora: User, globex: Organization
) -> None:
    client.force_login(dora)
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", ""):
        assert switch(client, globex.pk, next=target) == "/admin/"
    assert client.get(SWITCH).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(dora)
    assert strict.post(SWITCH, {"organization": globex.pk}).status_code == 403


def test_single_organization_shows_no_switch(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = text(client)
    assert "Acme" in page
    assert SWITCH not in page


def test_superuser_sees_all_or_one_organization(
    client: Client, acme: Organization, globex: Organization, theirs: Contact
) -> None:
    client.force_login(User.objects.create_superuser("root", password="x"))
    page = text(client)
    assert "All organizations" in page
    assert "Jane of Acme" in page
    assert "Zoe of Globex" in page
    page = text(client, f"{LIST}?organization__id__exact={globex.pk}")
    assert "Zoe of Globex" in page
    assert "Jane of Acme" not in page
    switch(client, acme.pk)
    page = text(client)
    assert "Zoe of Globex" not in page
    assert "By organization" not in page
    switch(client, "all")
    assert "Zoe of Globex" in text(client)


def test_names_in_the_switch_are_escaped(client: Client, dora: User, globex: Organization) -> None:
    Organization.objects.filter(pk=globex.pk).update(name="<script>alert(1)</script>")
    client.force_login(dora)
    assert "<script>alert(1)" not in text(client)
