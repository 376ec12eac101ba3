"""Find and summarize conversations for the staff pages."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    Count,
    Exists,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Substr
from django.utils import timezone

from contacts.models import Contact
from contacts.services import DETAILS, contact_matches, search_words
from loquent.db.folded import folded_pattern
from widgets.models import WidgetMessage, WidgetSession
from widgets.team_types import Handler, WorkStatus
from widgets.types import MessageRole, Rating, Reason

EXCERPT = 160
# Characters shown before the first hit of a search.
BEFORE_HIT = 30
# Staff don't read more results than this; the search reports that there are more.
MOST_FOUND = 500
MOST_OF_A_CONTACT = 50
# A visitor who was active within this time is shown as online.
ACTIVE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Summary:
    """The visitor's last question and the ratings of a conversation, for a list."""

    question: str = ""
    thumbs_up: int = 0
    thumbs_down: int = 0


def summaries(sessions: Iterable[WidgetSession]) -> dict[uuid.UUID, Summary]:
    """Return a summary of each of these conversations, in two queries."""
    ids = [session.id for session in sessions]
    messages = WidgetMessage.objects.filter(session__in=ids).order_by()
    own = WidgetMessage.objects.filter(session=OuterRef("pk"), role=MessageRole.USER)
    last = own.order_by("-seq").annotate(begin=Substr("content", 1, EXCERPT)).values("begin")[:1]
    asked = dict(
        WidgetSession.objects.filter(id__in=ids)
        .order_by()
        .values_list("id", Coalesce(Subquery(last), Value("")))
    )
    rated = (
        messages.filter(rating__isnull=False)
        .values("session")
        .annotate(
            up=Count("id", filter=Q(rating=Rating.UP)),
            down=Count("id", filter=Q(rating=Rating.DOWN)),
        )
    )
    thumbs = {row["session"]: (row["up"], row["down"]) for row in rated}
    return {key: Summary(asked.get(key, ""), *thumbs.get(key, (0, 0))) for key in ids}


def non_empty(sessions: QuerySet[WidgetSession]) -> QuerySet[WidgetSession]:
    """Exclude sessions in which the visitor wrote nothing."""
    return sessions.filter(Q(last_seq__gt=0) | Q(contact_claim__isnull=False))


def with_urgency(sessions: QuerySet[WidgetSession]) -> QuerySet[WidgetSession]:
    """Annotate sessions with the place of their most urgent reason; 0 without one."""
    places = [
        When(attention__gte=reason.bit, then=Value(place))
        for reason, place in zip(Reason, range(len(Reason), 0, -1), strict=True)
    ]
    return sessions.alias(urgency=Case(*places, default=Value(0)))


def find_conversations(
    *, sessions: QuerySet[WidgetSession], text: str
) -> tuple[set[uuid.UUID], bool]:
    """Return the ids of the sessions that match all words, and whether there are more.

    All words must occur in the same message, or in the visitor's data: contact, typed details,
    page. A word matches inside a longer one, whatever its case and accents. Searches for at most
    MAX_WORDS words from the first MAX_SEARCH characters, and returns at most MOST_FOUND ids, most
    recently active first.
    """
    newest = sessions.order_by("-last_active_at", "-id")
    messages = WidgetMessage.objects.filter(session=OuterRef("pk")).order_by()
    known = newest.alias(**{f"typed_{name}": KT(f"contact_claim__{name}") for name in DETAILS})
    for word in search_words(text):
        messages = messages.filter(content__folded_indexed=word)
        known = known.filter(
            contact_matches(word, path="contact__")
            | contact_matches(word, path="typed_")
            | Q(page_url__folded=word)
        )
    # Two queries, because PostgreSQL would use no index for an OR over both tables.
    found = {
        (last, key)
        for rows in (newest.filter(Exists(messages)), known)
        for last, key in rows.values_list("last_active_at", "id")[: MOST_FOUND + 1]
    }
    kept = sorted(found, reverse=True)[:MOST_FOUND]
    return {key for _, key in kept}, len(found) > MOST_FOUND


def find_hits(*, sessions: Iterable[WidgetSession], text: str) -> dict[uuid.UUID, list[str]]:
    """Return where a search found these conversations: parts of a text, every other one a hit.

    The text is the newest message with all words, or else the visitor's data.
    """
    words = search_words(text)
    if not words:
        return {}
    pattern = re.compile("|".join(map(folded_pattern, words)), re.IGNORECASE)
    of = list(sessions)
    messages = WidgetMessage.objects.filter(session__in=[session.id for session in of])
    for word in words:
        messages = messages.filter(content__folded_indexed=word)
    newest = messages.filter(session=OuterRef("pk")).order_by("-seq").values("content")[:1]
    said = dict(
        WidgetSession.objects.filter(id__in=[session.id for session in of])
        .order_by()
        .values_list("id", Subquery(newest))
    )
    return {
        session.id: _split_at_hits(said.get(session.id) or _known_of(session), pattern)
        for session in of
    }


def _known_of(session: WidgetSession) -> str:
    """Return what is known of a visitor besides the name, on one line."""
    contact, claim = session.contact, session.contact_claim or {}
    typed = [claim.get(name) or "" for name in DETAILS]
    known = [contact.email or "", contact.phone or ""] if contact else []
    return " · ".join(dict.fromkeys(filter(None, [*typed, *known, session.page_url])))


def _split_at_hits(text: str, pattern: re.Pattern[str]) -> list[str]:
    text = " ".join(text.split())
    first = pattern.search(text)
    start = max(0, first.start() - BEFORE_HIT) if first else 0
    if start:
        # Begin with a whole word.
        start = text.find(" ", start, first.start() if first else None) + 1 or start
        text = f"… {text[start:]}"
    text = text[:EXCERPT]
    parts: list[str] = []
    at = 0
    for hit in pattern.finditer(text):
        parts += [text[at : hit.start()], hit[0]]
        at = hit.end()
    return [*parts, text[at:]]


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


def is_waiting(session: WidgetSession) -> bool:
    """Return whether the visitor waits for a person, also out of hours."""
    of_team = session.handler != Handler.AGENT or session.follow_up
    return of_team and session.waiting_since is not None and session.status == WorkStatus.OPEN


def is_active(session: WidgetSession) -> bool:
    """Return whether the visitor was active in the last few minutes."""
    return session.ended_at is None and session.last_active_at > timezone.now() - ACTIVE
