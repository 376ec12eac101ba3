"""Find the questions of the last week that the knowledge did not answer, and people's replies."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from widgets.models import ConversationEvent, WidgetMessage
from widgets.models.team import EventKind
from widgets.services.attention.signs import signs_of
from widgets.services.insights.periods import WEEK, Sessions
from widgets.types import AnswerOutcome, MessageKind, MessageRole, Rating, Sign, Unanswered

# Answers, and hand-offs, of the last days that are read; beyond, the newest stand for all.
MOST_READ = 2_000
# How many messages after a question may be read to find a person's reply.
MOST_AFTER = 30
# How many questions of a group are searched for a reply.
MOST_ASKED = 20


class Asked(NamedTuple):
    """A visitor's message that was not answered well, when that was, and why."""

    message_id: uuid.UUID
    content: str
    session_id: uuid.UUID
    agent_id: uuid.UUID
    at: datetime
    reason: Unanswered


class PersonReply(NamedTuple):
    """What a person wrote to a visitor, and the person's name at that time."""

    text: str
    author: str


def asked_in(sessions: Sessions) -> list[Asked]:
    """Return the questions without a good answer, newest first, each once."""
    found = {asked.message_id: asked for asked in _handed_over(sessions)}
    # What the answer itself says is more precise than that a person was called after it.
    found |= {asked.message_id: asked for asked in _badly_answered(sessions)}
    return sorted(found.values(), key=lambda asked: asked.at, reverse=True)


def person_reply(message_ids: Iterable[uuid.UUID]) -> PersonReply | None:
    """Return what a person wrote after the first of these messages that got such a reply."""
    for message_id in list(message_ids)[:MOST_ASKED]:
        asked = WidgetMessage.objects.filter(id=message_id).first()
        if asked is not None and (reply := _reply_after(asked)) is not None:
            return reply
    return None


def _reply_after(asked: WidgetMessage) -> PersonReply | None:
    """Return a person's messages up to the visitor's next; the agent must not go on before it."""
    later = WidgetMessage.objects.filter(
        session=asked.session_id, seq__gt=asked.seq, kind=MessageKind.TEXT
    )
    said: list[WidgetMessage] = []
    for message in later.order_by("seq")[:MOST_AFTER]:
        if message.role == MessageRole.STAFF:
            said.append(message)
        elif said or (message.role == MessageRole.ASSISTANT and message.reply_to_id != asked.id):
            break
    if not said:
        return None
    text = "\n\n".join(message.content.strip() for message in said)
    return PersonReply(text, said[0].author)


def _badly_answered(sessions: Sessions) -> Iterator[Asked]:
    said_next = WidgetMessage.objects.filter(
        session=OuterRef("session"), seq__gt=OuterRef("seq"), role=MessageRole.USER
    ).order_by("seq")
    answers = (
        WidgetMessage.objects.filter(
            Q(outcome=AnswerOutcome.NO_ANSWER) | Q(rating=Rating.DOWN) | ~Q(choices=[]),
            created_at__gte=timezone.now() - WEEK,
            role=MessageRole.ASSISTANT,
            reply_to__isnull=False,
            session__in=sessions.order_by().values("id"),
        )
        .annotate(said_next=Subquery(said_next.values("content")[:1]))
        .order_by("-created_at")
        .values_list(
            "reply_to_id", "reply_to__content", "session_id", "session__widget__text_agent_id",
            "created_at", "outcome", "rating", "choices", "said_next",
        )
    )  # fmt: skip
    for message_id, question, session_id, agent_id, at, outcome, rating, choices, said in answers[
        :MOST_READ
    ]:
        if outcome == AnswerOutcome.NO_ANSWER:
            reason = Unanswered.NO_ANSWER
        elif rating == Rating.DOWN:
            reason = Unanswered.THUMBS_DOWN
        elif said not in [choice["message"] for choice in choices]:
            reason = Unanswered.CHOICES
        else:
            continue
        yield Asked(message_id, question, session_id, agent_id, at, reason)


def _handed_over(sessions: Sessions) -> Iterator[Asked]:
    """Yield the question of each wish for a person: the last before it, else the first after it.

    The wish itself, a greeting and thanks are no questions. A question after the wish counts only
    if the agent, which goes on out of hours, did not answer it.
    """
    said = WidgetMessage.objects.filter(session=OuterRef("session"), role=MessageRole.USER)
    before = said.filter(created_at__lte=OuterRef("created_at")).order_by("-seq").values("id")
    after = said.filter(created_at__gt=OuterRef("created_at")).order_by("seq").values("id")
    events = (
        ConversationEvent.objects.filter(
            kind__in=[EventKind.ASKED, EventKind.FOLLOW_UP],
            created_at__gte=timezone.now() - WEEK,
            session__in=sessions.order_by().values("id"),
        )
        .annotate(
            agent_id=F("session__widget__text_agent_id"),
            first=Subquery(before[:1]),
            second=Subquery(before[1:2]),
            later=Subquery(after.filter(replies__isnull=True)[:1]),
        )
        .order_by("-created_at")
    )
    names = ("session_id", "agent_id", "created_at", "first", "second", "later")
    rows: list[tuple[Any, ...]] = list(events.values_list(*names)[:MOST_READ])
    named = {message_id for row in rows for message_id in row[3:]}
    texts = WidgetMessage.objects.filter(id__in=named - {None}).values_list("id", "content")
    contents = dict(texts)
    for session_id, agent_id, at, *message_ids in rows:
        for message_id in message_ids:
            content = contents.get(message_id, "")
            signs = signs_of(content)
            if content and signs & Sign.QUESTION and not signs & Sign.PERSON:
                yield Asked(message_id, content, session_id, agent_id, at, Unanswered.HANDED_OVER)
                break
