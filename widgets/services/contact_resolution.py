"""From what a visitor typed to a contact of the organization."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from django.db import transaction

from contacts.models import Contact
from contacts.services import (
    ContactDetails,
    clean_contact,
    find_or_create_contact,
    lock_contact,
    save_contact,
)
from loquent.errors import ApplicationError, ErrorCode
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.rate_limits import take_contact_info
from widgets.types import ContactInfoMode

LABELS = {"name": "your name", "email": "your email", "phone": "your phone number"}


def resolve_widget_contact(
    *, organization_id: uuid.UUID, name: str, email: str | None, phone: str | None
) -> tuple[Contact, bool]:
    """The contact of normalised details, by the six rules, and whether it is a new stub.

    (1) by email, (2) by phone, (3) both the same: that one, (4) only one found: that one,
    (5) two different: the email's, (6) none: a new one. An existing contact is never changed.
    """
    return find_or_create_contact(
        organization_id=organization_id, name=name, email=email, phone=phone
    )


def submit_contact_info(
    *, session_id: uuid.UUID, name: str | None, email: str | None, phone: str | None
) -> None:
    """Keep what the visitor typed on the session, and link the session to a contact.

    Only the fields that the widget collects count. Raises `contact_info_not_collected`,
    `contact_info_invalid` (its message names the fields), or `forbidden` when the session has
    ended. A repeat creates no second contact. It corrects a contact that this very session
    created, until another session is linked to it or staff save it; then it stays a claim.
    """
    with transaction.atomic():
        session = (
            WidgetSession.objects.select_for_update(of=("self",))
            .select_related("widget__organization", "contact")
            .filter(id=session_id)
            .first()
        )
        if session is None or session.ended_at is not None:
            raise ApplicationError(ErrorCode.FORBIDDEN, "This chat has ended.")
        typed = {"name": name or "", "email": email or "", "phone": phone or ""}
        details = _collected(session.widget, typed)
        try:
            cleaned = clean_contact(
                organization=session.widget.organization,
                name=details.get("name", ""),
                email=details.get("email"),
                phone=details.get("phone"),
            )
        except ApplicationError as error:
            raise _invalid(error.fields) from None
        # Only what is accepted counts: who mistypes is not shut out.
        take_contact_info(session_key=str(session_id))
        session.contact_claim = {key: value for key, value in cleaned.items() if value}
        changed = ["contact_claim", "updated_at"]
        if session.contact is None:
            session.contact, session.contact_is_own = resolve_widget_contact(
                organization_id=session.widget.organization_id,
                name=cleaned["name"] or "",
                email=cleaned["email"],
                phone=cleaned["phone"],
            )
            changed += ["contact", "contact_is_own"]
        elif session.contact_is_own:
            _correct(session, session.contact, cleaned)
        session.save(update_fields=changed)


def apply_contact_claim(*, session_id: uuid.UUID) -> bool:
    """Write what a visitor typed to their contact, because staff say so; a contact is made if none.

    False where the visitor typed nothing. Raises `invalid` where another contact has the email or
    the phone number.
    """
    with transaction.atomic():
        session = (
            WidgetSession.objects.select_for_update(of=("self",))
            .select_related("widget__organization", "contact")
            .get(id=session_id)
        )
        claim: dict[str, str] = session.contact_claim or {}
        if not claim:
            return False
        organization = session.widget.organization
        contact = session.contact or Contact(organization=organization)
        session.contact = save_contact(contact=contact, details=_typed(claim))
        session.save(update_fields=["contact", "updated_at"])
    return True


def _collected(widget: WidgetConfig, typed: dict[str, str]) -> dict[str, str]:
    """The collected fields that hold something; raises when nothing is left to keep."""
    fields = widget.collected_fields()
    details = {name: typed[name] for name in fields if typed[name].strip()}
    if not fields:
        raise ApplicationError(
            ErrorCode.CONTACT_INFO_NOT_COLLECTED, "This chat doesn't ask for contact information."
        )
    missing = [name for name in fields if name not in details]
    if widget.contact_info_mode == ContactInfoMode.REQUIRED and missing:
        raise _invalid({name: [f"Please enter {LABELS[name]}."] for name in missing})
    if not details:
        if any(text.strip() for text in typed.values()):
            raise ApplicationError(
                ErrorCode.CONTACT_INFO_NOT_COLLECTED, "This chat doesn't ask for these details."
            )
        raise _invalid({name: [f"Please enter {LABELS[name]}."] for name in fields[:1]})
    return details


def _invalid(fields: dict[str, list[str]]) -> ApplicationError:
    sentences = [f"{name.capitalize()}: {texts[0]}" for name, texts in fields.items()]
    return ApplicationError(ErrorCode.CONTACT_INFO_INVALID, " ".join(sentences), fields=fields)


def _correct(session: WidgetSession, contact: Contact, cleaned: dict[str, str | None]) -> None:
    """Write the visitor's correction, if no other session is linked and no staff saved the contact.

    Otherwise another person's conversations, with their export and erasure, would belong to an
    address of this visitor's choice, or a correction by staff would be lost. Nor is it written if
    another contact has the email or phone. The claim on the session keeps what was typed in any
    case; staff see both.
    """
    with suppress(ApplicationError):
        # No session links to the contact, and no staff save it, while its row is locked.
        contact = lock_contact(contact=contact)
        others = WidgetSession.objects.filter(contact=contact).exclude(id=session.id)
        if contact.is_unreviewed and not others.exists():
            save_contact(contact=contact, details=_typed(cleaned), by_staff=False)


def _typed(details: Mapping[str, str | None]) -> ContactDetails:
    """What holds something; the rest of the contact stays as it is."""
    return cast("ContactDetails", {name: value for name, value in details.items() if value})
