"""Group the questions that the knowledge did not answer, and close groups that have an entry.

Closing stores no text, only the group's id, which is a hash: erasing a conversation leaves nothing.
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.persons import asks_for_person, plain
from loquent.agents.search.languages import detect_language
from loquent.agents.search.words import question_terms
from loquent.agents.services.answers import WAIT_SECONDS, search_agent
from loquent.errors import ApplicationError, ErrorCode
from widgets.models import ClosedQuestion, WidgetSession
from widgets.services.insights.asked import PersonReply, asked_in, person_reply
from widgets.services.insights.periods import Sessions
from widgets.types import Unanswered

MOST_KEY = 80
# A single word is too little to tell that two questions are about the same.
FEWEST_TERMS = 2
# An entry answers a question if it is among so many hits.
AMONG = 3
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class UnansweredGroup:
    """Questions to one agent in the same words, newest first. `key` names the group in a link."""

    id: uuid.UUID
    agent_id: uuid.UUID
    key: str
    question: str
    last_asked_at: datetime
    count: int = 0
    reasons: Counter[Unanswered] = field(default_factory=Counter)
    found_in: dict[uuid.UUID, None] = field(default_factory=dict)
    message_ids: list[uuid.UUID] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.question

    @property
    def sessions(self) -> list[uuid.UUID]:
        """Return the conversations, the newest first."""
        return list(self.found_in)

    @property
    def reason(self) -> Unanswered:
        """Return the most frequent reason."""
        return max(Unanswered, key=lambda reason: self.reasons[reason])

    def person_reply(self) -> PersonReply | None:
        """Return what a person wrote to the visitor who asked last, or to the one before, …"""
        return person_reply(self.message_ids)


def question_key(text: str) -> str:
    """Return the terms of a question, in any order and form; else its words without case."""
    text = text[:1_000]
    found = question_terms(text, detect_language(text) or "en")
    terms = {*found.strong, *found.weak}
    words = sorted(terms) if len(terms) >= FEWEST_TERMS else _WORD.findall(plain(text))
    return " ".join(words)[:MOST_KEY]


def unanswered_groups(sessions: Sessions) -> list[UnansweredGroup]:
    """Return the open groups of the last week in these sessions, most frequent first.

    A wish for a person is in none of them: knowledge can't answer it.
    """
    asked = asked_in(sessions)
    groups: dict[uuid.UUID, UnansweredGroup] = {}
    closed = _closed_at({row.agent_id for row in asked})
    for message_id, question, session_id, agent_id, at, reason in asked:
        key = question_key(question)
        if not key or asks_for_person(question):
            continue
        group_id = uuid.uuid5(agent_id, key)
        if group_id in closed and at <= closed[group_id]:
            continue
        group = groups.get(group_id)
        if group is None:
            label = " ".join(question.split())
            group = groups[group_id] = UnansweredGroup(group_id, agent_id, key, label, at)
        group.count += 1
        group.reasons[reason] += 1
        group.found_in.setdefault(session_id)
        group.message_ids.append(message_id)
    return sorted(groups.values(), key=lambda group: (-len(group.found_in), group.question))


def agent_groups(*, agent: TextAgent, wait_seconds: float = WAIT_SECONDS) -> list[UnansweredGroup]:
    """Return the open groups of an agent, after measuring those that were given an entry.

    `wait_seconds`: how long to wait for the index of changed knowledge, for all of them together.
    """
    end = time.monotonic() + wait_seconds
    given = {
        row.id: row.entry
        for row in ClosedQuestion.objects.filter(agent=agent, closed_at=None).select_related(
            "entry"
        )
        if row.entry
    }
    groups = unanswered_groups(WidgetSession.objects.filter(widget__text_agent=agent))
    return [
        group
        for group in groups
        if group.id not in given
        or not _close_if_found(
            agent=agent,
            group=group,
            entry=given[group.id],
            wait_seconds=max(0.0, end - time.monotonic()),
        )
    ]


def find_group(*, agent: TextAgent, group_id: uuid.UUID) -> UnansweredGroup:
    """Return an open group of an agent. Raises `not_found`."""
    groups = unanswered_groups(WidgetSession.objects.filter(widget__text_agent=agent))
    for group in groups:
        if group.id == group_id:
            return group
    raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such unanswered question.")


def ignore_group(*, agent: TextAgent, group: UnansweredGroup) -> None:
    """Close a group until it is asked again."""
    _save(agent, group, entry=None, closed_at=timezone.now())


def answer_group(*, agent: TextAgent, group: UnansweredGroup, entry: KnowledgeEntry) -> bool:
    """Remember which entry answers a group, and close it if a search for the question finds it.

    Otherwise, it stays open, and is measured whenever the agent's list is read.
    """
    _save(agent, group, entry=entry, closed_at=None)
    return _close_if_found(agent=agent, group=group, entry=entry)


def _close_if_found(
    *,
    agent: TextAgent,
    group: UnansweredGroup,
    entry: KnowledgeEntry,
    wait_seconds: float = WAIT_SECONDS,
) -> bool:
    try:
        found = search_agent(agent=agent, question=group.question, wait_seconds=wait_seconds)
    except ApplicationError as error:
        if error.code != ErrorCode.UNAVAILABLE:
            raise
        return False
    best = [hit.entry for hit in found.relevant[:AMONG]]
    if found.outcome not in ("answer", "choices") or str(entry.id) not in best:
        return False
    _save(agent, group, entry=entry, closed_at=timezone.now())
    return True


def _save(
    agent: TextAgent,
    group: UnansweredGroup,
    *,
    entry: KnowledgeEntry | None,
    closed_at: datetime | None,
) -> None:
    ClosedQuestion.objects.update_or_create(
        id=group.id, defaults={"agent": agent, "entry": entry, "closed_at": closed_at}
    )


def _closed_at(agent_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    rows = ClosedQuestion.objects.filter(agent__in=list(agent_ids), closed_at__isnull=False)
    return {row.id: row.closed_at for row in rows if row.closed_at}
