"""Find and summarize conversations for the staff pages."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone

from contacts.models import Contact
from loquent.limits import MAX_SEARCH
from widgets.models import WidgetMessage, WidgetSession
from widgets.types import Rating

EXCERPT = 160
MAX_WORDS = 6
# Staff don't read more results than this; the search reports that there are more.
MOST_FOUND = 500
MOST_OF_A_CONTACT = 50
# A visitor who was active within this time is shown as online.
ACTIVE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Summary:
    """The last message and the ratings of a conversation, for a list."""

    excerpt: str = ""
    role: str = ""
    thumbs_up: int = 0
    thumbs_down: int = 0


def summaries(sessions: Iterable[WidgetSession]) -> dict[uuid.UUID, Summary]:
    """Return a summary of each of these conversations, in two queries."""
    ids = [session.id for session in sessions]
    messages = WidgetMessage.objects.filter(session__in=ids).order_by()
    last = messages.filter(seq=F("session__last_seq")).annotate(begin=Substr("content", 1, EXCERPT))
    said = {key: (begin, role) for key, begin, role in last.values_list("session", "begin", "role")}
    rated = (
        messages.filter(rating__isnull=False)
        .values("session")
        .annotate(
            up=Count("id", filter=Q(rating=Rating.UP)),
            down=Count("id", filter=Q(rating=Rating.DOWN)),
        )
    )
    thumbs = {row["session"]: (row["up"], row["down"]) for row in rated}
    return {key: Summary(*said.get(key, ("", "")), *thumbs.get(key, (0, 0))) for key in ids}


def non_empty(sessions: QuerySet[WidgetSession]) -> QuerySet[WidgetSession]:
    """Exclude sessions in which the visitor wrote nothing."""
    return sessions.filter(Q(last_seq__gt=0) | Q(contact_claim__isnull=False))


def find_conversations(
    *, sessions: QuerySet[WidgetSession], text: str
) -> tuple[set[uuid.UUID], bool]:
    """Return the ids of the sessions that match all words, and whether there are more.

    All words must occur in the same message, or in the visitor's data: contact, typed details,
    page. A word matches inside a longer one. Searches for at most MAX_WORDS words from the first
    MAX_SEARCH characters, and returns at most MOST_FOUND ids, most recently active first.
    """
    words = text[:MAX_SEARCH].split()[:MAX_WORDS]
    newest = sessions.order_by("-last_active_at", "-id")
    messages = WidgetMessage.objects.filter(session=OuterRef("pk")).order_by()
    known = newest
    for word in words:
        messages = messages.filter(content__icontains=word)
        known = known.filter(
            Q(contact__name__icontains=word)
            | Q(contact__email__icontains=word)
            | Q(contact__phone__icontains=word)
            | Q(contact_claim__name__icontains=word)
            | Q(contact_claim__email__icontains=word)
            | Q(contact_claim__phone__icontains=word)
            | Q(page_url__icontains=word)
        )
    # Two queries, because PostgreSQL would use no index for an OR over both tables.
    found = {
        (last, key)
        for rows in (newest.filter(Exists(messages)), known)
        for last, key in rows.values_list("last_active_at", "id")[: MOST_FOUND + 1]
    }
    kept = sorted(found, reverse=True)[:MOST_FOUND]
    return {key for _, key in kept}, len(found) > MOST_FOUND


def conversations_of(*, contact: Contact) -> tuple[list[WidgetSession], int]:
    """Return a contact's newest conversations, and how many older ones there are."""
    rows = WidgetSession.objects.filter(contact=contact).select_related("widget", "contact")
    newest = list(rows.order_by("-last_active_at", "-id")[:MOST_OF_A_CONTACT])
    is_all = len(newest) < MOST_OF_A_CONTACT
    return newest, 0 if is_all else rows.count() - len(newest)


def count_conversations(contacts: Iterable[Contact]) -> dict[uuid.UUID, tuple[int, datetime]]:
    """Return the number of conversations and the time of the last one per contact, in one query."""
    rows = WidgetSession.objects.filter(contact__in=[contact.id for contact in contacts])
    counts = rows.order_by().values_list("contact").annotate(Count("id"), Max("last_active_at"))
    return {key: (count, last) for key, count, last in counts}


def visitor_name(session: WidgetSession) -> str:
    """Return the visitor's name: from the contact, else as typed, else a short number."""
    if session.contact is not None:
        return str(session.contact)
    claim: dict[str, str] = session.contact_claim or {}
    typed = claim.get("name") or claim.get("email") or claim.get("phone")
    return typed or f"Visitor {session.id.hex[:4]}"


def is_active(session: WidgetSession) -> bool:
    """Return whether the visitor was active in the last few minutes."""
    return session.ended_at is None and session.last_active_at > timezone.now() - ACTIVE
