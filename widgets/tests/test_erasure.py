"""One contact, handed out or erased everywhere: by the admin, by REST, by command."""

import io
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from contacts.models import Contact
from contacts.tests.parallel import in_parallel
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Membership, Organization, Role
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_member, make_widget
from widgets.models import (
    ErasureReceipt,
    WidgetMessage,
    WidgetSession,
    WidgetTurn,
)
from widgets.services.contact_resolution import submit_contact_info
from widgets.services.erasure import erase_contact
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session, replace_session
from widgets.services.turns.handing_over import Outcome
from widgets.tests.one import claim_next_turn, finish_turn

Connect = Callable[..., APIClient]
PERSONAL = ("Jane", "jane@example.com", "446681800", "My secret")
FORM: dict[str, Any] = {
    "contact_info_mode": "optional",
    "collect_name": True,
    "collect_email": True,
    "collect_phone": True,
}
RECEIPTS = "/admin/widgets/erasurereceipt/"


def talk(organization: Organization, content: str, **form: str | None) -> WidgetSession:
    """A conversation of one message, in which somebody filled in the form."""
    widget = make_widget(organization, **FORM)
    session, _ = create_widget_session(widget=widget)
    details = {"name": None, "email": None, "phone": None, **form}
    submit_contact_info(session_id=session.id, **details)
    session.refresh_from_db()
    append_message(session, role="user", content=content)
    return session


@pytest.fixture
def jane(acme: Organization, globex: Organization) -> Contact:
    """In two conversations of hers, typed in one of Joe's, and known to Globex as well."""
    first = talk(acme, "My secret", name="Jane", email="jane@example.com", phone="+41 44 668 18 00")
    replace_session(session_id=first.id)
    # The email decides whose conversation it is.
    Contact.objects.create(organization=acme, name="Joe", email="joe@example.com")
    talk(acme, "Joe's words", name="Joe", email="joe@example.com", phone="+41446681800")
    talk(globex, "To another shop", name="Jane", email="jane@example.com")
    return Contact.objects.get(organization=acme, email="jane@example.com")


def everything() -> str:
    """All that the tables hold of the people, as text."""
    tables = (Contact, WidgetSession, WidgetMessage, ErasureReceipt, LogEntry)
    return "\n".join(str(row) for model in tables for row in model.objects.values())


def check_erased(jane: Contact, globex: Organization) -> ErasureReceipt:
    """Nothing of hers is left at Acme, and everything of the others'."""
    assert not Contact.objects.filter(id=jane.id).exists()
    theirs = WidgetSession.objects.filter(widget__organization=globex)
    assert [session.contact_claim for session in theirs] == [
        {"name": "Jane", "email": "jane@example.com"}
    ]
    Organization.objects.filter(id=globex.id).delete()
    left = everything()
    assert [word for word in PERSONAL if word in left] == []
    joe = Contact.objects.get()
    assert (joe.name, joe.email) == ("Joe", "joe@example.com")
    [session] = WidgetSession.objects.all()
    assert (session.contact, session.contact_claim) == (joe, None)
    assert session.messages.get().content == "Joe's words"
    receipt = ErasureReceipt.objects.get()
    assert receipt.contact_id == jane.id
    assert (receipt.conversations, receipt.messages, receipt.claims) == (2, 1, 1)
    return receipt


def check_export(data: dict[str, Any], jane: Contact) -> None:
    assert data["contact"]["id"] == str(jane.id)
    assert (data["contact"]["email"], data["contact"]["phone"]) == (jane.email, "+41446681800")
    assert data["contact"]["notes"] == jane.notes
    first, second = data["conversations"]
    assert first["typed"] == second["typed"]
    assert first["typed"]["email"] == "jane@example.com"
    [message] = first["messages"]
    assert (message["seq"], message["role"], message["content"]) == (1, "user", "My secret")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", message["created_at"])
    assert first["ended_at"] is not None
    assert (second["messages"], second["ended_at"]) == ([], None)
    # Of Joe's conversation only what is hers.
    [elsewhere] = data["typed_elsewhere"]
    assert elsewhere.keys() == {"conversation_id", "created_at", "phone"}
    assert "Joe" not in json.dumps(data)
    assert "token" not in json.dumps(data)


# --- REST ---


def test_rest_erases_a_contact(
    api: Connect, alice: User, acme_key: str, jane: Contact, globex: Organization
) -> None:
    exported = api(acme_key).get(f"/api/v1/contacts/{jane.id}/export/")
    assert exported["Cache-Control"] == "no-store"
    check_export(exported.json(), jane)
    erased = api(alice).post(f"/api/v1/contacts/{jane.id}/erase/")
    assert erased.status_code == 200
    receipt = check_erased(jane, globex)
    body = erased.json()
    assert body.pop("created_at")
    assert body == {
        "id": str(receipt.id), "contact_id": str(jane.id), "conversations": 2, "messages": 1,
        "claims": 1, "requested_by": "alice@example.com",
    }  # fmt: skip
    assert api(alice).post(f"/api/v1/contacts/{jane.id}/erase/").status_code == 404


def test_address_for_replies_is_exported_and_erased_wherever_it_was_typed(
    api: Connect, acme: Organization, acme_key: str, jane: Contact
) -> None:
    other = talk(acme, "Write to Jane", name="Kim", email="kim@example.com")
    WidgetSession.objects.filter(id=other.id).update(reply_email=jane.email)
    data = api(acme_key).get(f"/api/v1/contacts/{jane.id}/export/").json()
    found = [row for row in data["typed_elsewhere"] if row["conversation_id"] == str(other.id)]
    assert [row["reply_email"] for row in found] == ["jane@example.com"]
    api(acme_key).post(f"/api/v1/contacts/{jane.id}/erase/")
    other.refresh_from_db()
    assert other.reply_email == ""


def test_receipt_names_the_api_key(
    api: Connect, acme: Organization, acme_key: str, jane: Contact
) -> None:
    api(acme_key).post(f"/api/v1/contacts/{jane.id}/erase/")
    who = ErasureReceipt.objects.get().requested_by
    assert who.startswith("API key Tests (lqk_")
    assert acme_key not in who


@pytest.mark.parametrize(("method", "path"), [("get", "export"), ("post", "erase")])
def test_rest_refuses_erasure_without_permission(
    api: Connect, bob: User, charlie: User, globex: Organization, jane: Contact,
    method: str, path: str,
) -> None:  # fmt: skip
    before = everything()
    address = f"/api/v1/contacts/{jane.id}/{path}/"
    globex_key = create_api_key(organization=globex, name="Globex")[1]
    for caller, status in ((None, 401), (bob, 403), (charlie, 404), (globex_key, 404)):
        assert getattr(api(caller), method)(address).status_code == status
    admin = make_member(globex, "dora", Role.ADMIN)
    assert getattr(api(admin), method)(address).status_code == 404
    wrong = {"get": "post", "post": "get"}[method]
    assert getattr(api(globex_key), wrong)(address).status_code == 405
    assert everything() == before


# --- the admin ---


def test_admin_erases_a_contact(
    client: Client, alice: User, jane: Contact, acme: Organization, globex: Organization
) -> None:
    client.force_login(alice)
    page = f"/admin/contacts/contact/{jane.id}"
    # The history of changes, too, knows her name.
    client.post(f"{page}/change/", {"name": "Jane Doe", "email": jane.email, "phone": jane.phone})
    assert LogEntry.objects.get().object_repr == "Jane Doe"
    body = client.get(f"{page}/change/").content.decode()
    assert f"{page}/export/" in body
    assert f"{page}/erase/" in body

    exported = client.get(f"{page}/export/")
    assert exported["Content-Disposition"] == f'attachment; filename="contact-{jane.id}.json"'
    assert "no-store" in exported["Cache-Control"]
    check_export(exported.json(), jane)

    question = client.get(f"{page}/erase/").content.decode()
    for words in ("Jane Doe", "2 conversations with 1 message.", "in 1 other conversation."):
        assert words in question
    assert Contact.objects.filter(id=jane.id).exists()
    answer = client.post(f"{page}/erase/", follow=True)
    receipt = check_erased(jane, globex)
    assert str(receipt.id) in answer.content.decode()
    assert receipt.requested_by == "alice@example.com"
    assert client.post(f"{page}/erase/").status_code == 404


def test_viewer_sees_no_button_and_no_erasure_page(
    client: Client, bob: User, charlie: User, jane: Contact
) -> None:
    before = Contact.objects.count()
    page = f"/admin/contacts/contact/{jane.id}"
    client.force_login(bob)
    assert "/erase/" not in client.get(f"{page}/change/").content.decode()
    for user in (bob, charlie):
        client.force_login(user)
        for name in ("export", "erase"):
            assert client.get(f"{page}/{name}/").status_code == 404
            assert client.post(f"{page}/{name}/").status_code == 404
    client.logout()
    assert client.post(f"{page}/erase/").status_code == 302
    assert Contact.objects.count() == before


def test_admin_of_another_organization_cannot_erase(
    client: Client, bob: User, globex: Organization, jane: Contact
) -> None:
    Membership.objects.create(organization=globex, user=bob, role=Role.OWNER)
    client.force_login(bob)
    page = f"/admin/contacts/contact/{jane.id}"
    assert client.get(f"{page}/change/").status_code == 200
    assert client.get(f"{page}/export/").status_code == 404
    assert client.post(f"{page}/erase/").status_code == 404
    assert Contact.objects.filter(id=jane.id).exists()


def test_erasure_needs_the_csrf_token(alice: User, jane: Contact) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(f"/admin/contacts/contact/{jane.id}/erase/").status_code == 403


def test_receipts_are_read_only(
    client: Client, alice: User, bob: User, charlie: User, jane: Contact, acme: Organization
) -> None:
    receipt = ErasureReceipt.objects.create(
        organization=acme, contact_id=uuid.uuid4(), conversations=1, messages=2, claims=3,
        requested_by="alice@example.com",
    )  # fmt: skip
    for user in (alice, bob):
        client.force_login(user)
        assert str(receipt.contact_id) in client.get(RECEIPTS).content.decode()
        page = f"{RECEIPTS}{receipt.id}/"
        assert client.get(f"{page}change/").status_code == 200
        assert client.post(f"{page}change/", {"messages": 0}).status_code == 403
        assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
        assert client.get(f"{RECEIPTS}add/").status_code == 403
    client.force_login(charlie)
    assert str(receipt.contact_id) not in client.get(RECEIPTS).content.decode()
    assert client.get(f"{RECEIPTS}{receipt.id}/change/").status_code == 302
    assert ErasureReceipt.objects.get().messages == 2


# --- commands ---


def run(*arguments: Any) -> str:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_commands_erase_a_contact(jane: Contact, globex: Organization) -> None:
    check_export(json.loads(run("export_contact", str(jane.id))), jane)
    before = everything()
    with pytest.raises(CommandError, match=r"2 conversations with 1 messages, and 1 forms.*--yes"):
        run("erase_contact", str(jane.id))
    assert everything() == before
    output = run("erase_contact", str(jane.id), "--yes")
    receipt = check_erased(jane, globex)
    assert str(receipt.id) in output
    assert receipt.requested_by == "manage.py"


@pytest.mark.parametrize("contact_id", ["x", "f7e23ebc-eb51-4120-80fd-ec4ad0b677e7"])
def test_commands_name_unknown_contacts(db: None, contact_id: str) -> None:
    for arguments in (("export_contact", contact_id), ("erase_contact", contact_id, "--yes")):
        with pytest.raises(CommandError, match="There is no such contact"):
            run(*arguments)


# --- beside live traffic ---


def test_contact_with_only_a_name_can_be_erased(acme: Organization) -> None:
    """Without email and phone there is nothing to look for elsewhere."""
    contact = Contact.objects.create(organization=acme, name="Jane")
    talk(acme, "Other words", name="Jane")
    run("erase_contact", str(contact.id), "--yes")
    assert ErasureReceipt.objects.get().claims == 0
    assert WidgetSession.objects.count() == 1


def test_running_answer_is_abandoned(jane: Contact) -> None:
    session = WidgetSession.objects.filter(contact=jane, last_seq=1).get()
    WidgetTurn.objects.create(session=session, message=session.messages.get())
    turn = claim_next_turn(session_id=session.id, owner=uuid.uuid4())
    assert turn is not None
    run("erase_contact", str(jane.id), "--yes")
    assert finish_turn(turn=turn, outcome=Outcome(content="Dear Jane")) is None
    assert WidgetTurn.objects.count() == 0
    assert not WidgetMessage.objects.filter(content__contains="Jane").exists()


def test_concurrent_erasures_and_forms_are_consistent(
    transactional_db: None, jane: Contact
) -> None:
    """One erases, the other finds nobody; a form that comes meanwhile is linked to somebody."""
    sessions = [
        create_widget_session(widget=make_widget(jane.organization, **FORM))[0] for _ in range(4)
    ]

    def act(number: int) -> object:
        if number < 2:
            return erase_contact(contact_id=jane.id, requested_by=f"{number}")
        submit_contact_info(
            session_id=sessions[number - 2].id, name="Jane", email="jane@example.com", phone=None
        )
        return None

    results = in_parallel(act, range(6))
    assert sum(isinstance(result, ErasureReceipt) for result in results) == 1
    [refused] = [result for result in results if isinstance(result, ApplicationError)]
    assert refused.code is ErrorCode.NOT_FOUND
    assert ErasureReceipt.objects.count() == 1
    assert not Contact.objects.filter(id=jane.id).exists()
    linked = WidgetSession.objects.exclude(contact=None).values_list("contact", flat=True)
    assert set(linked) <= set(Contact.objects.values_list("id", flat=True))
