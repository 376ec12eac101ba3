"""Find and make contacts, so that one person is one row however many ask at once."""

import uuid

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from contacts.models import Contact
from contacts.normalization import (
    NormalizationError,
    normalize_email,
    normalize_name,
    normalize_phone,
)
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.idempotency import forget_answers
from loquent.organizations.models import Organization

ATTEMPTS = 5
DETAILS = ("name", "email", "phone")


def find_contact(
    *, organization_id: uuid.UUID, email: str | None, phone: str | None
) -> Contact | None:
    """The contact of these normalised details, rules 1 to 5 of the commission.

    Email first: where email and phone lead to different people, the email decides.
    """
    contacts = Contact.objects.filter(organization_id=organization_id)
    found = contacts.filter(email=email).first() if email else None
    if found is None and phone:
        found = contacts.filter(phone=phone).first()
    return found


def find_or_create_contact(
    *, organization_id: uuid.UUID, name: str, email: str | None, phone: str | None
) -> tuple[Contact, bool]:
    """`find_contact`, or a new stub (rule 6). Gives the contact and whether it is new.

    Safe at any concurrency: the unique constraints decide, the loser looks again.
    """
    for _ in range(ATTEMPTS):
        found = find_contact(organization_id=organization_id, email=email, phone=phone)
        if found is not None:
            return found, False
        try:
            with transaction.atomic():
                return Contact.objects.create(
                    organization_id=organization_id, name=name, email=email, phone=phone
                ), True
        except IntegrityError:
            continue
    raise ApplicationError(ErrorCode.INTERNAL, "The contact could not be saved. Please try again.")


def clean_contact(
    *, organization: Organization, name: str, email: str | None, phone: str | None
) -> dict[str, str | None]:
    """The three details normalised, or `invalid` with every field at fault."""
    fields: dict[str, list[str]] = {}
    cleaned: dict[str, str | None] = {"name": "", "email": None, "phone": None}
    try:
        cleaned["name"] = normalize_name(name) if name.strip() else ""
    except NormalizationError as error:
        fields["name"] = [str(error)]
    try:
        cleaned["email"] = normalize_email(email) if email and email.strip() else None
    except NormalizationError as error:
        fields["email"] = [str(error)]
    try:
        region = organization.default_phone_region
        cleaned["phone"] = (
            normalize_phone(phone, region=region) if phone and phone.strip() else None
        )
    except NormalizationError as error:
        fields["phone"] = [str(error)]
    if fields:
        raise invalid(fields)
    return cleaned


def save_contact(
    *,
    contact: Contact,
    name: str,
    email: str | None,
    phone: str | None,
) -> Contact:
    """Write staff's version of a contact (new or changed).

    Raises `invalid` on a duplicate, `not_found` where the contact was deleted meanwhile.
    """
    cleaned = clean_contact(organization=contact.organization, name=name, email=email, phone=phone)
    for field, value in cleaned.items():
        setattr(contact, field, value)
    try:
        contact.full_clean(validate_constraints=False)
        with transaction.atomic():
            if contact._state.adding:
                contact.save(force_insert=True)
            else:
                contact.save(update_fields=[*DETAILS, "updated_at"])
    except ValidationError as error:
        raise invalid(error.message_dict) from None
    except IntegrityError:
        duplicates = find_duplicates(
            organization_id=contact.organization_id,
            email=contact.email,
            phone=contact.phone,
            other_than=contact.id,
        )
        # None left to name: the other one went while we looked.
        again = {"email": ["Another contact was saved with it just now. Try again."]}
        raise invalid(duplicates or again) from None
    except DatabaseError:
        if Contact.objects.filter(id=contact.id).exists():
            raise
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such contact.") from None
    return contact


def delete_contact(*, contact: Contact) -> None:
    """Delete a contact. Its conversations stay, without one; erasing takes them as well."""
    with transaction.atomic():
        forget_answers(organization_id=contact.organization_id, about=contact.id)
        contact.delete()


def find_duplicates(
    *, organization_id: uuid.UUID, email: str | None, phone: str | None, other_than: uuid.UUID
) -> dict[str, list[str]]:
    """The fields, each with a sentence, that another contact of the organization has already."""
    others = Contact.objects.filter(organization_id=organization_id).exclude(id=other_than)
    fields = {}
    if email and others.filter(email=email).exists():
        fields["email"] = ["Another contact has this email."]
    if phone and others.filter(phone=phone).exists():
        fields["phone"] = ["Another contact has this phone number."]
    return fields
