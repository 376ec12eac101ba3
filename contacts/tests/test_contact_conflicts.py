"""Two who change one contact at once, and what is kept of one that is deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from contacts.models import Contact
from contacts.services import save_contact
from loquent.organizations.models import IdempotentRequest, Organization

Connect = Callable[..., APIClient]
LIST = "/admin/contacts/contact/"
REST = "/api/v1/contacts/"
SAVE = "contacts.api.save_contact"


@pytest.fixture
def rest(api: Connect, alice: User) -> APIClient:
    return api(alice)


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def jane(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")


@pytest.fixture
def before_saving(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """`before_saving(act)`: acts once between what the next REST request reads and writes."""

    def arrange(act: Callable[[], object]) -> None:
        def act_first(**arguments: Any) -> Contact:
            monkeypatch.setattr(SAVE, save_contact)
            act()
            return save_contact(**arguments)

        monkeypatch.setattr(SAVE, act_first)

    return arrange


def form_of(staff: Client, contact: Contact, **typed: str) -> dict[str, str]:
    """What a browser sends of the form as it is now, with this typed into it."""
    form = staff.get(f"{LIST}{contact.id}/change/").context["adminform"].form
    return {**{name: form[name].value() or "" for name in form.fields}, **typed}


@pytest.mark.parametrize("method", ["put", "patch"])
def test_rest_writes_only_the_sent_fields(
    rest: APIClient, jane: Contact, before_saving: Any, method: str
) -> None:
    path = f"{REST}{jane.id}/"
    before_saving(lambda: getattr(rest, method)(path, {"phone": "+41446681800"}))
    answered = getattr(rest, method)(path, {"name": "Janet"}).json()
    assert answered == rest.get(path).json()
    assert {**answered, "name": "Janet", "phone": "+41446681800"} == answered
    assert answered["email"] == "jane@example.com"


def test_concurrent_removals_leave_one_contact_detail(
    rest: APIClient, acme: Organization, before_saving: Any
) -> None:
    jane = Contact.objects.create(organization=acme, email="jane@example.com", phone="+41446681800")
    before_saving(lambda: rest.patch(f"{REST}{jane.id}/", {"email": None}))
    refused = rest.patch(f"{REST}{jane.id}/", {"phone": None})
    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == ["name"]
    jane.refresh_from_db()
    assert (jane.email, jane.phone) == (None, "+41446681800")


def test_form_does_not_overwrite_unseen_changes(
    staff: Client, rest: APIClient, jane: Contact
) -> None:
    form = form_of(staff, jane, name="Janet")
    rest.patch(f"{REST}{jane.id}/", {"email": "doe@example.com"})
    shown = staff.post(f"{LIST}{jane.id}/change/", form)
    assert shown.status_code == 200
    body = shown.content.decode()
    assert "Another user changed this contact while you were editing it." in body
    assert "Email is now “doe@example.com”." in body
    jane.refresh_from_db()
    assert (jane.name, jane.email) == ("Jane", "doe@example.com")
    again = shown.context["adminform"].form
    form = {name: again[name].value() or "" for name in again.fields}
    assert (form["name"], form["email"]) == ("Janet", "jane@example.com")
    form["email"] = "doe@example.com"
    assert staff.post(f"{LIST}{jane.id}/change/", form).status_code == 302
    jane.refresh_from_db()
    assert (jane.name, jane.email) == ("Janet", "doe@example.com")


@pytest.mark.parametrize("page", ["add", "change"])
def test_email_taken_during_save_is_a_form_error(
    staff: Client,
    acme: Organization,
    jane: Contact,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
) -> None:
    check = Contact.validate_constraints

    def check_then_lose(contact: Contact, **arguments: Any) -> None:
        check(contact, **arguments)
        Contact.objects.create(organization=acme, email="taken@example.com")

    form = form_of(staff, jane, email="taken@example.com")
    form["organization"] = str(acme.id)
    monkeypatch.setattr(Contact, "validate_constraints", check_then_lose)
    path = f"{LIST}add/" if page == "add" else f"{LIST}{jane.id}/change/"
    refused = staff.post(path, form)
    assert refused.status_code == 200
    errors = refused.context["adminform"].form.errors
    assert errors == {"email": ["Another contact has this email."]}
    assert 'value="taken@example.com"' in refused.content.decode()
    jane.refresh_from_db()
    assert jane.email == "jane@example.com"


@pytest.mark.parametrize("door", ["page", "list", "REST"])
def test_form_shows_nothing_of_a_deleted_contact(staff: Client, rest: APIClient, door: str) -> None:
    person = {"name": "Jane Doe", "email": "jane@example.com"}
    made = rest.post(REST, person, headers={"Idempotency-Key": "k1"}).json()
    jane = Contact.objects.get(id=made["id"])
    staff.post(f"{LIST}{jane.id}/change/", form_of(staff, jane, name="Jane Roe"))
    assert "Jane Roe" in LogEntry.objects.get().object_repr
    if door == "page":
        staff.post(f"{LIST}{jane.id}/delete/", {"post": "yes"})
    elif door == "list":
        data = {"action": "delete_selected", "_selected_action": [made["id"]], "post": "yes"}
        staff.post(LIST, data)
    else:
        rest.delete(f"{REST}{jane.id}/")
    assert Contact.objects.count() == 0
    kept = [list(kind._default_manager.values()) for kind in (LogEntry, IdempotentRequest)]
    assert kept[0]
    assert not any(word in json.dumps(kept, default=str) for word in ("Jane", "jane@"))
