"""One contact per email and per phone in an organization, however many ask at once."""

import pytest
from django.db import IntegrityError, transaction

from contacts.models import Contact
from contacts.services import clean_contact, find_or_create_contact
from contacts.tests.parallel import in_parallel
from loquent.organizations.models import Organization

pytestmark = pytest.mark.promise(10)

EMAILS = ("jane@bücher.example", " JANE@BÜCHER.example ", "ｊane@xn--bcher-kva.example")
PHONES = ("044 668 18 00", "+41 (0)44 668 18 00", "0041446681800")


def find_or_create(organization: Organization, email: str | None, phone: str | None) -> Contact:
    cleaned = clean_contact(organization=organization, name="Jane", email=email, phone=phone)
    return find_or_create_contact(
        organization_id=organization.id,
        name="Jane",
        email=cleaned["email"],
        phone=cleaned["phone"],
    )[0]


@pytest.mark.costly
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("emails", "phones"), [(EMAILS, None), (None, PHONES), (EMAILS, PHONES)])
def test_fifty_concurrent_requests_create_one_row(
    acme: Organization, emails: tuple[str, ...] | None, phones: tuple[str, ...] | None
) -> None:
    found = in_parallel(
        lambda n: find_or_create(
            acme, emails[n % 3] if emails else None, phones[n % 3] if phones else None
        ),
        range(50),
    )
    contact = Contact.objects.get()
    assert set(found) == {contact}
    assert contact.email == ("jane@xn--bcher-kva.example" if emails else None)
    assert contact.phone == ("+41446681800" if phones else None)


@pytest.mark.django_db(transaction=True)
def test_two_organizations_concurrently_create_a_row_each(
    acme: Organization, globex: Organization
) -> None:
    owners = [acme, globex] * 12
    found = in_parallel(lambda owner: find_or_create(owner, EMAILS[0], None), owners)
    assert Contact.objects.count() == 2
    assert [contact.organization_id for contact in found if isinstance(contact, Contact)] == [
        owner.id for owner in owners
    ]


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_for_many_people_create_one_row_each(acme: Organization) -> None:
    people = [(f"{n % 6}@example.com", f"+4144668180{n % 4}") for n in range(24)]
    found = in_parallel(lambda person: find_or_create(acme, *person), people)
    assert [one for one in found if isinstance(one, Exception)] == []
    emails = list(Contact.objects.exclude(email=None).values_list("email", flat=True))
    phones = list(Contact.objects.exclude(phone=None).values_list("phone", flat=True))
    assert len(set(emails)) == len(emails)
    assert len(set(phones)) == len(phones) == 4


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email": "a@example.com"}, {"email": "a@example.com"}),
        ({"phone": "+1234567"}, {"phone": "+1234567"}),
    ],
)
def test_database_constraint_refuses_a_second_row(
    acme: Organization, globex: Organization, first: dict[str, str], second: dict[str, str]
) -> None:
    Contact.objects.create(organization=acme, **first)
    Contact.objects.create(organization=globex, **second)
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.create(organization=acme, **second)


@pytest.mark.parametrize("field", ["email", "phone"])
def test_database_stores_missing_details_only_as_null(acme: Organization, field: str) -> None:
    Contact.objects.create(organization=acme, name="One")
    other = Contact.objects.create(organization=acme, name="Other")
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(id=other.id).update(**{field: ""})
