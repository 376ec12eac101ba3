"""Find and create contacts, with one row per person at any concurrency."""

import re
import uuid
from collections.abc import Mapping
from typing import Any, TypedDict

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from contacts.models import Contact
from contacts.normalization import (
    NormalizationError,
    national_digits,
    normalize_email,
    normalize_name,
    normalize_phone,
)
from loquent.db.versions import version_of
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.limits import MAX_SEARCH
from loquent.organizations.models import Organization
from loquent.organizations.services.idempotency import forget_answers
from loquent.text import strip_invisible
from loquent.webhooks.services.events import forget_contact_events, record_events
from loquent.webhooks.texts import text_of
from loquent.webhooks.types import EventType, NewEvent

ATTEMPTS = 5
# Further words of a search are ignored.
MAX_WORDS = 6
# Digits that belong together although there are spaces between them.
_NUMBER = re.compile(r"(?<!\S)(?:\+|0)[0-9()/.-]*(?: +[0-9()/.-]+)+(?!\S)")
DETAILS = ("name", "email", "phone")
NEEDS_A_DETAIL = "A contact needs a name, an email or a phone number."


class ContactDetails(TypedDict, total=False):
    """Details to write to a contact, in any spelling."""

    name: str
    email: str | None
    phone: str | None


def find_contact(
    *, organization_id: uuid.UUID, email: str | None, phone: str | None
) -> Contact | None:
    """Return the contact with these normalised details, by rules 1 to 5 of the specification.

    If email and phone match different contacts, the email decides. The row is locked until the
    caller's transaction ends, so that it still has these details when the caller links to it.
    """
    contacts = Contact.objects.select_for_update().filter(organization_id=organization_id)
    found = contacts.filter(email=email).first() if email else None
    if found is None and phone:
        found = contacts.filter(phone=phone).first()
    return found


def find_or_create_contact(
    *, organization_id: uuid.UUID, name: str, email: str | None, phone: str | None
) -> tuple[Contact, bool]:
    """Return `find_contact`, or a new stub typed by a visitor (rule 6), and whether it is new.

    Safe at any concurrency: the unique constraints decide, and the loser looks up again.
    """
    with transaction.atomic():
        for _ in range(ATTEMPTS):
            found = find_contact(organization_id=organization_id, email=email, phone=phone)
            if found is not None:
                return found, False
            try:
                with transaction.atomic():
                    made = Contact.objects.create(
                        organization_id=organization_id,
                        name=name,
                        email=email,
                        phone=phone,
                        is_unreviewed=True,
                    )
                    _note(EventType.CONTACT_CREATED, made)
                    return made, True
            except IntegrityError:
                continue
    raise ApplicationError(ErrorCode.INTERNAL, "The contact could not be saved. Please try again.")


def clean_contact(
    *, organization: Organization, name: str, email: str | None, phone: str | None
) -> dict[str, str | None]:
    """Return the three details normalised; raise `invalid` naming every invalid field."""
    fields: dict[str, list[str]] = {}
    cleaned: dict[str, str | None] = {"name": "", "email": None, "phone": None}
    try:
        cleaned["name"] = normalize_name(name) if strip_invisible(name) else ""
    except NormalizationError as error:
        fields["name"] = [str(error)]
    try:
        cleaned["email"] = normalize_email(email) if email and strip_invisible(email) else None
    except NormalizationError as error:
        fields["email"] = [str(error)]
    try:
        region = organization.default_phone_region
        cleaned["phone"] = (
            normalize_phone(phone, region=region) if phone and strip_invisible(phone) else None
        )
    except NormalizationError as error:
        fields["phone"] = [str(error)]
    if fields:
        raise invalid(fields)
    return cleaned


def save_contact(
    *, contact: Contact, details: ContactDetails, notes: str | None = None, by_staff: bool = True
) -> Contact:
    """Write these details to a new or existing contact; return the row as saved.

    Other details keep their values in the database, even if the caller's copy is older, and so do
    the staff's notes if they are None. Once staff
    or an API key have saved a contact, visitors can no longer correct it. Raises `invalid` on a
    duplicate or if no detail would remain, and `not_found` if the contact was deleted.
    """
    cleaned = clean_contact(
        organization=contact.organization,
        name=details.get("name", ""),
        email=details.get("email"),
        phone=details.get("phone"),
    )
    given = {field: value for field, value in cleaned.items() if field in details}
    if notes is not None:
        given["notes"] = notes
    try:
        with transaction.atomic():
            row = contact if contact._state.adding else lock_contact(contact=contact)
            for field, value in given.items():
                setattr(row, field, value)
            if by_staff:
                row.is_unreviewed = False
            if not any(getattr(row, field) for field in DETAILS):
                raise invalid({"name": [NEEDS_A_DETAIL]})
            row.full_clean(validate_constraints=False)
            if row._state.adding:
                row.save(force_insert=True)
                _note(EventType.CONTACT_CREATED, row)
            else:
                row.save(update_fields=[*given, "is_unreviewed", "updated_at"])
                _note(EventType.CONTACT_UPDATED, row)
    except ValidationError as error:
        raise invalid(error.message_dict) from None
    except IntegrityError:
        duplicates = find_duplicates(
            organization_id=contact.organization_id,
            email=cleaned["email"],
            phone=cleaned["phone"],
            other_than=contact.id,
        )
        # No duplicate is left to name: the other contact was deleted in the meantime.
        again = {"email": ["Another contact with this value has just been saved. Try again."]}
        raise invalid(duplicates or again) from None
    return row


def _note(kind: EventType, contact: Contact) -> None:
    """Record an event of a contact for webhooks, without its details."""
    data = {"contact_id": str(contact.id)}
    event = NewEvent(kind, contact.organization_id, data, contact_id=contact.id)
    record_events([event])


@text_of(EventType.CONTACT_CREATED, EventType.CONTACT_UPDATED)
def read_details(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a contact's details, for webhooks that may have them."""
    contact = Contact.objects.filter(id=data["contact_id"]).first()
    return None if contact is None else {name: getattr(contact, name) for name in DETAILS}


def lock_contact(*, contact: Contact) -> Contact:
    """Return the row, locked until the transaction ends; raise `not_found` if it is gone."""
    rows = Contact.objects.select_for_update(of=("self",)).select_related("organization")
    fresh = rows.filter(id=contact.id).first()
    if fresh is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such contact.")
    return fresh


def contact_version(contact: Contact) -> str:
    """Return the version of a contact's details, to detect edit conflicts."""
    return version_of(contact.updated_at)


def delete_contact(*, contact: Contact) -> None:
    """Delete a contact but keep its conversations; erasing a contact deletes those as well."""
    with transaction.atomic():
        forget_contact(contact=contact, called="Deleted contact")
        contact.delete()


def forget_contact(*, contact: Contact, called: str) -> None:
    """Remove a contact from stored API responses, and its name from the admin's history."""
    forget_answers(organization_id=contact.organization_id, about=contact.id)
    forget_contact_events(contact.id)
    kind = ContentType.objects.get_for_model(Contact)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(contact.id))
    entries.update(object_repr=called)


def search_words(text: str) -> list[str]:
    """Return the words of a search, at most MAX_WORDS; a telephone number is one word."""
    words = _NUMBER.sub(lambda number: number[0].replace(" ", "\xa0"), text[:MAX_SEARCH]).split(" ")
    return [word.replace("\xa0", " ").strip() for word in words if word.strip()][:MAX_WORDS]


def contact_matches(word: str, *, path: str = "") -> Q:
    """Return the condition that a contact's name, email or phone contains a search word.

    Ignores case and accents; telephone numbers are found in any spelling. `path`: the lookup to
    the contact, such as `contact__`.
    """
    found = Q(**{f"{path}name__folded": word}) | Q(**{f"{path}email__folded": word})
    return found | Q(**{f"{path}phone__contains": national_digits(word) or word})


def find_duplicates(
    *, organization_id: uuid.UUID, email: str | None, phone: str | None, other_than: uuid.UUID
) -> dict[str, list[str]]:
    """Return a sentence per field whose value another contact of the organization has."""
    others = Contact.objects.filter(organization_id=organization_id).exclude(id=other_than)
    fields = {}
    if email and others.filter(email=email).exists():
        fields["email"] = ["Another contact has this email."]
    if phone and others.filter(phone=phone).exists():
        fields["phone"] = ["Another contact has this phone number."]
    return fields
