"""Conversations as staff look for them: the list, its words, and how each looks in it."""

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
# Beyond this many nobody reads on; the search says that there are more.
MOST_FOUND = 500
MOST_OF_A_CONTACT = 50
# Who wrote within this time is taken to be there.
ACTIVE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a conversation beside its row: the last message, and the ratings."""

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
    """The ids of those sessions where all these words are found, and whether there are more.

    They stand together in one message, or in what is known of the visitor: contact, what was
    typed, page. A word may be part of a longer one. Looks at MAX_WORDS words in the first
    MAX_SEARCH characters, and gives MOST_FOUND ids at most, the conversations that were active
    last.
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
    # Two queries: PostgreSQL would use no index for "one or the other".
    found = {
        (last, key)
        for rows in (newest.filter(Exists(messages)), known)
        for last, key in rows.values_list("last_active_at", "id")[: MOST_FOUND + 1]
    }
    kept = sorted(found, reverse=True)[:MOST_FOUND]
    return {key for _, key in kept}, len(found) > MOST_FOUND


def conversations_of(*, contact: Contact) -> tuple[list[WidgetSession], int]:
    """A contact's newest conversations, and how many older ones there are."""
    rows = WidgetSession.objects.filter(contact=contact).select_related("widget", "contact")
    newest = list(rows.order_by("-last_active_at", "-id")[:MOST_OF_A_CONTACT])
    is_all = len(newest) < MOST_OF_A_CONTACT
    return newest, 0 if is_all else rows.count() - len(newest)


def count_conversations(contacts: Iterable[Contact]) -> dict[uuid.UUID, tuple[int, datetime]]:
    """How many conversations each of these contacts has, and when the last one was; one query."""
    rows = WidgetSession.objects.filter(contact__in=[contact.id for contact in contacts])
    counts = rows.order_by().values_list("contact").annotate(Count("id"), Max("last_active_at"))
    return {key: (count, last) for key, count, last in counts}


def visitor_name(session: WidgetSession) -> str:
    """What staff call the visitor: the contact, else what they typed, else a short number."""
    if session.contact is not None:
        return str(session.contact)
    claim: dict[str, str] = session.contact_claim or {}
    typed = claim.get("name") or claim.get("email") or claim.get("phone")
    return typed or f"Visitor {session.id.hex[:4]}"


def is_active(session: WidgetSession) -> bool:
    """Whether the visitor was there in the last minutes."""
    return session.ended_at is None and session.last_active_at > timezone.now() - ACTIVE
