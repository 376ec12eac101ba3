"""Link visitors to contacts by the details they type."""

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
from loquent.text import strip_invisible
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.attention import after_details
from widgets.services.handoff.hints import Hint, send_after_commit
from widgets.services.rate_limits import take_contact_info
from widgets.types import ContactInfoMode

LABELS = {"name": "your name", "email": "your email", "phone": "your phone number"}


def resolve_widget_contact(
    *, organization_id: uuid.UUID, name: str, email: str | None, phone: str | None
) -> tuple[Contact, bool]:
    """Return the contact with these normalized details, and whether it is a new stub.

    The six rules: (1) match by email, (2) match by phone, (3) both match the same contact: use it,
    (4) only one matches: use it, (5) they match different contacts: the email decides, (6) no
    match: create a contact. An existing contact is never changed.
    """
    return find_or_create_contact(
        organization_id=organization_id, name=name, email=email, phone=phone
    )


def submit_contact_info(
    *, session_id: uuid.UUID, name: str | None, email: str | None, phone: str | None
) -> None:
    """Save what the visitor typed on the session, and link the session to a contact.

    Only fields that the widget collects are saved. Raises `contact_info_not_collected`,
    `contact_info_invalid` (its message names the fields), or `forbidden` if the session has ended.
    A retry creates no second contact. It updates a contact that this session created, until another
    session is linked to the contact or staff save it; after that, the details remain a claim.
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
        # Only accepted forms are counted, so that typing errors don't lock a visitor out.
        take_contact_info(session_key=str(session_id))
        session.contact_claim = {key: value for key, value in cleaned.items() if value}
        session.attention = after_details(session.attention, session.outcome)
        changed = ["contact_claim", "attention", "updated_at"]
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
        send_after_commit(Hint(session_id, is_internal=True))


def apply_contact_claim(*, session_id: uuid.UUID) -> bool:
    """Write the details a visitor typed to their contact, at the request of staff.

    Creates a contact if the session has none. Returns False if the visitor typed nothing. Raises
    `invalid` if another contact has the email or the phone number.
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
    """Return the collected fields that are filled in; raise if none is."""
    fields = widget.collected_fields()
    details = {name: typed[name] for name in fields if strip_invisible(typed[name])}
    if not fields:
        raise ApplicationError(
            ErrorCode.CONTACT_INFO_NOT_COLLECTED, "This chat doesn't ask for contact information."
        )
    missing = [name for name in fields if name not in details]
    if widget.contact_info_mode == ContactInfoMode.REQUIRED and missing:
        raise _invalid({name: [f"Please enter {LABELS[name]}."] for name in missing})
    if not details:
        if any(strip_invisible(text) for text in typed.values()):
            raise ApplicationError(
                ErrorCode.CONTACT_INFO_NOT_COLLECTED, "This chat doesn't ask for these details."
            )
        raise _invalid({name: [f"Please enter {LABELS[name]}."] for name in fields[:1]})
    return details


def _invalid(fields: dict[str, list[str]]) -> ApplicationError:
    sentences = [f"{name.capitalize()}: {texts[0]}" for name, texts in fields.items()]
    return ApplicationError(ErrorCode.CONTACT_INFO_INVALID, " ".join(sentences), fields=fields)


def _correct(session: WidgetSession, contact: Contact, cleaned: dict[str, str | None]) -> None:
    """Update the contact, unless another session is linked to it or staff have saved it.

    Otherwise a visitor could attach an address of their choice to another person's conversations,
    including their export and erasure, or overwrite a correction by staff. Nothing is written
    either if another contact has the email or phone. The claim on the session always keeps what was
    typed; staff see both.
    """
    with suppress(ApplicationError):
        # While the row is locked, no session can be linked to the contact and staff cannot save it.
        contact = lock_contact(contact=contact)
        others = WidgetSession.objects.filter(contact=contact).exclude(id=session.id)
        if contact.is_unreviewed and not others.exists():
            save_contact(contact=contact, details=_typed(cleaned), by_staff=False)


def _typed(details: Mapping[str, str | None]) -> ContactDetails:
    """Return the non-empty details; all others stay unchanged on the contact."""
    return cast("ContactDetails", {name: value for name, value in details.items() if value})
