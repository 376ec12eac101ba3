"""Which contact a visitor's details lead to: the six rules of docs/protocol.md, "Contacts"."""

import pytest

from contacts.models import Contact
from contacts.tests.parallel import in_parallel
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetSession
from widgets.services.contact_resolution import resolve_widget_contact, submit_contact_info
from widgets.services.sessions import create_widget_session

EMAIL, PHONE = "jane@example.com", "+41446681800"


def make_contact(organization: Organization, **details: str) -> Contact:
    return Contact.objects.create(organization=organization, name="Known", **details)


def resolve(organization: Organization, email: str | None, phone: str | None) -> Contact | None:
    """The contact found; None where a stub was made."""
    before = Contact.objects.count()
    contact, is_new = resolve_widget_contact(
        organization_id=organization.id, name="Jane", email=email, phone=phone
    )
    assert Contact.objects.count() == before + is_new
    return None if is_new else contact


def test_rule_1_contact_is_found_by_email(acme: Organization) -> None:
    known = make_contact(acme, email=EMAIL)
    assert resolve(acme, EMAIL, None) == known


def test_rule_2_contact_is_found_by_phone(acme: Organization) -> None:
    known = make_contact(acme, phone=PHONE)
    assert resolve(acme, None, PHONE) == known


def test_rule_3_email_and_phone_of_one_contact(acme: Organization) -> None:
    known = make_contact(acme, email=EMAIL, phone=PHONE)
    assert resolve(acme, EMAIL, PHONE) == known


@pytest.mark.parametrize(
    "details", [{"email": EMAIL}, {"phone": PHONE}, {"email": EMAIL, "phone": "+1234567890"}]
)
def test_rule_4_only_one_detail_is_known(acme: Organization, details: dict[str, str]) -> None:
    known = make_contact(acme, **details)
    assert resolve(acme, EMAIL, PHONE) == known
    known.refresh_from_db()
    assert (known.name, known.email, known.phone) == (
        "Known",
        details.get("email"),
        details.get("phone"),
    )


def test_rule_5_email_takes_precedence_over_phone(acme: Organization) -> None:
    by_phone = make_contact(acme, phone=PHONE)
    by_email = make_contact(acme, email=EMAIL)
    assert resolve(acme, EMAIL, PHONE) == by_email
    by_phone.refresh_from_db()
    by_email.refresh_from_db()
    assert (by_phone.email, by_email.phone) == (None, None)


def test_rule_6_unknown_details_create_a_contact(acme: Organization) -> None:
    make_contact(acme, email="other@example.com", phone="+1234567890")
    assert resolve(acme, EMAIL, PHONE) is None
    stub = Contact.objects.get(email=EMAIL)
    assert (stub.organization, stub.name, stub.phone) == (acme, "Jane", PHONE)


def test_name_alone_always_creates_a_contact(acme: Organization) -> None:
    assert resolve(acme, None, None) is None
    assert resolve(acme, None, None) is None


def test_contacts_of_other_organizations_are_ignored(
    acme: Organization, globex: Organization
) -> None:
    make_contact(globex, email=EMAIL, phone=PHONE)
    assert resolve(acme, EMAIL, PHONE) is None


@pytest.mark.django_db(transaction=True)
def test_24_concurrent_visitors_create_one_contact(acme: Organization) -> None:
    widget = make_widget(
        acme,
        contact_info_mode="required",
        collect_name=True,
        collect_email=True,
        collect_phone=True,
    )
    sessions = [create_widget_session(widget=widget)[0] for _ in range(24)]
    emails = (EMAIL, " JANE@Example.com ", "ｊane@example.com")
    phones = (PHONE, "044 668 18 00", "+41 (0)44 668 18 00")

    def submit(n: int) -> None:
        submit_contact_info(
            session_id=sessions[n].id, name=f"Jane {n}", email=emails[n % 3], phone=phones[n // 8]
        )

    assert in_parallel(submit, range(24)) == [None] * 24
    contact = Contact.objects.get()
    assert (contact.email, contact.phone) == (EMAIL, PHONE)
    stored = WidgetSession.objects.all()
    assert {session.contact for session in stored} == {contact}
    # One visitor made it; the names that the others typed are their claims.
    assert [session.contact_is_own for session in stored].count(True) == 1
    claims = [session.contact_claim or {} for session in stored]
    assert {claim["name"] for claim in claims} == {f"Jane {n}" for n in range(24)}
    own = stored.get(contact_is_own=True).contact_claim or {}
    assert contact.name == own["name"]
