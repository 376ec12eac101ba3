"""Export or erase everything stored about one contact."""

import uuid
from collections.abc import Iterator
from typing import Any, TypedDict

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from contacts.models import Contact
from contacts.services import forget_contact
from loquent.errors import ApplicationError, ErrorCode
from loquent.webhooks.services.events import contact_events, forget_sessions
from widgets.models import ErasureReceipt, WidgetMessage, WidgetSession
from widgets.services.history import iso_time
from widgets.services.notify.queue import forget_address, forget_mails
from widgets.services.pages import page_data

ERASED = "Erased contact"
MESSAGE_FIELDS = (
    "seq", "role", "author", "kind", "content", "status", "page_url",
    "sources", "choices", "action", "rating", "rating_comment",
)  # fmt: skip

CALL_FIELDS = ("title", "arguments", "status", "outcome", "duration_ms")


class ErasureCounts(TypedDict):
    """The amount of data about a contact. `claims`: its details typed in other conversations."""

    conversations: int
    messages: int
    claims: int


def export_contact(*, contact: Contact) -> dict[str, Any]:
    """Return everything stored about a contact as JSON values; times are ISO 8601 in UTC.

    `typed_elsewhere` lists other contacts' conversations in which the same email or phone number
    was typed, also as the address for replies; nothing else of those is exported.
    """
    organization = contact.organization
    return {
        "exported_at": iso_time(timezone.now()),
        "organization": {"id": str(organization.id), "name": organization.name},
        "contact": {
            "id": str(contact.id),
            "name": contact.name,
            "email": contact.email,
            "phone": contact.phone,
            "notes": contact.notes,
            "created_at": iso_time(contact.created_at),
            "updated_at": iso_time(contact.updated_at),
        },
        "conversations": [
            _conversation(session)
            for session in _sessions(contact)
            .select_related("widget")
            .prefetch_related("messages", "action_calls")
            .order_by("created_at", "id")
        ],
        "typed_elsewhere": list(_typed_elsewhere(contact)),
        "webhook_events": contact_events(contact.id, _sessions(contact).values_list("id")),
    }


def count_contact_data(*, contact: Contact) -> ErasureCounts:
    """Return what `erase_contact` would delete now, besides the contact itself."""
    sessions = _sessions(contact)
    return {
        "conversations": sessions.count(),
        "messages": WidgetMessage.objects.filter(session__in=sessions).count(),
        "claims": _claims_elsewhere(contact).count(),
    }


def erase_contact(*, contact_id: uuid.UUID, requested_by: str) -> ErasureReceipt:
    """Delete a contact, its conversations, and its details wherever else they were typed.

    All or nothing. An answer in progress in one of the conversations is abandoned; its socket
    receives an error on its next message. Raises `not_found`.
    """
    with transaction.atomic():
        # Lock in the same order as a visitor's form, to avoid deadlocks: sessions first, then the
        # contact.
        list(_locked(WidgetSession.objects.filter(contact_id=contact_id)))
        contact = (
            Contact.objects.select_for_update(of=("self",))
            .select_related("organization")
            .filter(id=contact_id)
            .first()
        )
        if contact is None:
            raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such contact.")
        claims = _claims_elsewhere(contact).update(contact_claim=None, updated_at=timezone.now())
        if contact.email:
            _addresses_elsewhere(contact).update(reply_email="")
            forget_address(organization_id=contact.organization_id, address=contact.email)
        # Lock again: a session may have been linked before we held the contact. Now none can be.
        ids = list(_locked(_sessions(contact)))
        forget_sessions(ids)
        forget_mails(ids)
        _, gone = WidgetSession.objects.filter(id__in=ids).delete()
        forget_contact(contact=contact, called=ERASED)
        contact.delete()
        return ErasureReceipt.objects.create(
            organization=contact.organization,
            contact_id=contact_id,
            conversations=gone.get("widgets.WidgetSession", 0),
            messages=gone.get("widgets.WidgetMessage", 0),
            claims=claims,
            requested_by=requested_by[:200],
        )


def _sessions(contact: Contact) -> models.QuerySet[WidgetSession]:
    return WidgetSession.objects.filter(contact=contact)


def _locked(sessions: models.QuerySet[WidgetSession]) -> models.QuerySet[WidgetSession, uuid.UUID]:
    return sessions.order_by("id").select_for_update(of=("self",)).values_list("id", flat=True)


def _claims_elsewhere(contact: Contact) -> models.QuerySet[WidgetSession]:
    """Return other conversations of the organization with the same email or phone typed in."""
    same = Q()
    if contact.email:
        same |= Q(contact_claim__email=contact.email)
    if contact.phone:
        same |= Q(contact_claim__phone=contact.phone)
    if not same:
        return WidgetSession.objects.none()
    return _of_organization(contact).filter(same).exclude(contact_id=contact.id)


def _addresses_elsewhere(contact: Contact) -> models.QuerySet[WidgetSession]:
    """Return other conversations of the organization with the same address for replies."""
    if not contact.email:
        return WidgetSession.objects.none()
    rows = _of_organization(contact).filter(reply_email=contact.email)
    return rows.exclude(contact_id=contact.id)


def _of_organization(contact: Contact) -> models.QuerySet[WidgetSession]:
    return WidgetSession.objects.filter(widget__organization_id=contact.organization_id)


def _typed_elsewhere(contact: Contact) -> Iterator[dict[str, str]]:
    for session in _claims_elsewhere(contact).order_by("created_at", "id"):
        claim: dict[str, str] = session.contact_claim or {}
        same = {
            name: claim[name]
            for name in ("email", "phone")
            if claim.get(name) and claim[name] == getattr(contact, name)
        }
        yield {
            "conversation_id": str(session.id),
            "created_at": iso_time(session.created_at),
            **same,
        }
    for session in _addresses_elsewhere(contact).order_by("created_at", "id"):
        yield {
            "conversation_id": str(session.id),
            "created_at": iso_time(session.created_at),
            "reply_email": session.reply_email,
        }


def _conversation(session: WidgetSession) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "widget": {"id": str(session.widget_id), "name": session.widget.name},
        "created_at": iso_time(session.created_at),
        "last_active_at": iso_time(session.last_active_at),
        "ended_at": iso_time(session.ended_at) if session.ended_at else None,
        "typed": session.contact_claim,
        "reply_email": session.reply_email or None,
        "survey": session.survey,
        "page": page_data(session.page),
        "messages": [
            {
                **{name: getattr(message, name) for name in MESSAGE_FIELDS},
                "created_at": iso_time(message.created_at),
            }
            for message in sorted(session.messages.all(), key=lambda row: row.seq)
        ],
        "actions": [
            {
                **{name: getattr(call, name) for name in CALL_FIELDS},
                "created_at": iso_time(call.created_at),
            }
            for call in session.action_calls.all()
        ],
    }
