"""Contacts in the admin: any spelling, one row, errors beside the field."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from contacts.services import read_details, save_contact
from loquent.organizations.models import Organization

LIST = "/admin/contacts/contact/"


@pytest.fixture
def jane(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")


def form_errors(response: Any) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = response.context["adminform"].form.errors
    return errors


def test_details_are_normalized_on_add(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    data = {"organization": acme.id, "name": " Jane ", "email": "JANE@example.com", "phone": ""}
    response = client.post(f"{LIST}add/", data)
    assert response.status_code == 302
    contact = Contact.objects.get()
    assert (contact.name, contact.email, contact.phone) == ("Jane", "jane@example.com", None)
    changed = client.post(f"{LIST}{contact.id}/change/", {**data, "phone": "044 668 18 00"})
    assert changed.status_code == 302
    contact.refresh_from_db()
    assert contact.phone == "+41446681800"


def test_staff_keep_notes_that_the_api_does_not_return(
    client: Client, alice: User, bob: User, jane: Contact
) -> None:
    client.force_login(alice)
    page = f"{LIST}{jane.id}/change/"
    data = {"name": "Jane", "email": jane.email, "phone": "", "notes": "Allergic\r\nto nuts <b>."}
    assert client.post(page, data).status_code == 302
    jane.refresh_from_db()
    assert jane.notes == "Allergic\nto nuts <b>."
    assert "to nuts &lt;b&gt;." in client.get(page).content.decode()
    long = client.post(page, {**data, "notes": "n" * 4_001})
    assert form_errors(long) == {"notes": ["Use at most 4000 characters. These are 4001."]}
    assert "n" * 4_001 in long.content.decode()
    # Saving the details through the API keeps the notes.
    save_contact(contact=jane, details={"name": "Jane D."})
    jane.refresh_from_db()
    assert (jane.name, jane.notes) == ("Jane D.", "Allergic\nto nuts <b>.")
    assert "notes" not in (read_details({"contact_id": str(jane.id)}) or {})
    client.force_login(bob)
    assert client.post(page, data).status_code == 403


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "jane"}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"name": "x" * 201}, "name"),
        ({}, "__all__"),
        ({"email": "Jane@Example.com"}, "email"),
    ],
)
def test_errors_appear_at_the_field_and_input_is_kept(
    client: Client,
    alice: User,
    acme: Organization,
    jane: Contact,
    data: dict[str, str],
    field: str,
) -> None:
    client.force_login(alice)
    response = client.post(f"{LIST}add/", {"organization": acme.id, **data})
    assert response.status_code == 200
    assert list(form_errors(response)) == [field]
    for typed in data.values():
        assert typed in response.content.decode()
    assert Contact.objects.get() == jane


def test_viewer_can_only_read(client: Client, bob: User, jane: Contact) -> None:
    client.force_login(bob)
    assert "jane@example.com" in client.get(LIST).content.decode()
    assert client.get(f"{LIST}{jane.id}/change/").status_code == 200
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}add/", {"name": "x"}).status_code == 403
    assert client.post(f"{LIST}{jane.id}/change/", {"name": "x"}).status_code == 403
    assert client.post(f"{LIST}{jane.id}/delete/", {"post": "yes"}).status_code == 403
    assert Contact.objects.get().name == "Jane"


def test_other_organizations_cannot_see_or_find_the_contact(
    client: Client, charlie: User, acme: Organization, globex: Organization, jane: Contact
) -> None:
    client.force_login(charlie)
    assert "jane@example.com" not in client.get(LIST, {"q": "jane"}).content.decode()
    assert client.get(f"{LIST}{jane.id}/change/").status_code == 302
    assert client.post(f"{LIST}{jane.id}/delete/", {"post": "yes"}).status_code == 302
    refused = client.post(f"{LIST}add/", {"organization": acme.id, "name": "Mine"})
    assert list(form_errors(refused)) == ["organization"]
    assert Contact.objects.get() == jane
