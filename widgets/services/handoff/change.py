"""Write one transition: the session's columns, the visitor's line, the timeline, the hint."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from loquent.organizations.business_hours import is_open, next_opening
from loquent.organizations.models import Availability, Membership
from widgets.models import ConversationEvent, WidgetMessage, WidgetSession, WidgetTurn
from widgets.models.team import EventKind
from widgets.services.events import note_message, note_transition
from widgets.services.handoff.hints import Hint, send_after_commit, send_hint
from widgets.services.handoff.lines import line
from widgets.services.history import append_message
from widgets.services.notify.queue import note_wanted, wanted_in
from widgets.services.turns.locking import lock_session
from widgets.team_types import Handler, Timer, WorkStatus
from widgets.types import (
    FINISHED,
    AnswerOutcome,
    MessageKind,
    MessageRole,
    MessageStatus,
    TurnState,
)

# How long a transition waits for the end of the answer being written, which keeps its text.
STOP_SECONDS = 1.0
STOP_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member, or an API key or timer without one."""

    name: str = ""
    member: Membership | None = None


class Conversation:
    """A locked session, and the transition that is being written to it."""

    def __init__(self, session: WidgetSession) -> None:
        self.session = session
        self.now = timezone.now()
        self.wakes = False
        # Whether sockets must learn of a change that is no transition.
        self.tells = True
        self._columns: dict[str, Any] = {}
        self._ended: list[str] = []
        self._kinds: list[EventKind] = []

    def set(self, **columns: Any) -> None:
        """Change columns of the session; they are written at the end."""
        for name, value in columns.items():
            setattr(self.session, name, value)
        self._columns |= columns

    def say(self, name: str, *, person: str = "") -> None:
        """Write the line of this transition."""
        text = line(name, language=self.session.language, person=person)
        row = append_message(
            self.session,
            role=MessageRole.ASSISTANT,
            content=text,
            kind=MessageKind.NOTICE,
            is_activity=False,
        )
        note_message(row)

    def log(self, kind: EventKind, actor: Actor, *, waited: int | None = None) -> None:
        """Add to the timeline. This is what makes the change a transition."""
        self._kinds.append(kind)
        ConversationEvent.objects.create(
            session=self.session, kind=kind, actor=actor.name, waited_seconds=waited
        )

    def end_turns(self) -> None:
        """Delete the session's turns: none of their answers can be written any more.

        Their questions are neither answered nor failed, but handed over.
        """
        turns = dict(WidgetTurn.objects.filter(session=self.session).values_list("id", "message"))
        if not turns:
            return
        self._ended += [str(turn) for turn in turns]
        WidgetTurn.objects.filter(id__in=turns).delete()
        questions = WidgetMessage.objects.filter(id__in=turns.values(), replies=None)
        questions.update(turn_status=AnswerOutcome.HANDED_OVER.value)

    def hand_over(self) -> None:
        """End what the agent is doing; its question counts as handed over."""
        self.end_turns()
        if self.session.handler == Handler.AGENT:
            self.set(outcome=AnswerOutcome.HANDED_OVER.value)

    def note_wait(self) -> None:
        """Note with the claim how long the visitor has waited until a person's first message."""
        since = self.session.waiting_since
        claims = self.session.events.filter(kind__in=[EventKind.TAKEN, EventKind.ASSIGNED])
        claim = claims.order_by("-created_at", "-id").first()
        if since is None or claim is None or claim.waited_seconds is None:
            return
        # Only the first: later waits began after the claim.
        if since <= claim.created_at:
            claim.waited_seconds = max(0, int((self.now - since).total_seconds()))
            claim.save(update_fields=["waited_seconds"])

    def free_if_away(self) -> None:
        """Give the conversation of a member who is away to the team, without a line."""
        assignee = self.session.assignee
        if assignee is not None and assignee.availability == Availability.AWAY:
            self.set(handler=Handler.TEAM.value, assignee=None)

    def start_timer(self) -> None:
        """Set the session's next timer by its columns."""
        at, kind = next_timer(self.session, self.now)
        self.set(due_at=at, due_kind=kind)

    def is_team_there(self) -> bool:
        """Return whether the organization is open."""
        organization = self.session.widget.organization
        return is_open(
            hours=organization.business_hours,
            holidays=organization.holidays,
            timezone=organization.timezone,
            now=self.now,
        )

    def next_opening(self) -> datetime | None:
        """Return when the closed organization opens."""
        organization = self.session.widget.organization
        return next_opening(
            hours=organization.business_hours,
            holidays=organization.holidays,
            timezone=organization.timezone,
            now=self.now,
        )

    def waits_since(self) -> datetime | None:
        """Return the time of the oldest visitor message without an answer, or with half of one."""
        question = self.unanswered(or_cut=True).order_by("seq").first()
        return self.session.waiting_since or (question and question.created_at)

    def note_cut(self, question: uuid.UUID) -> None:
        """Note that a transition, not the visitor, stopped the answer to this question."""
        stopped = MessageStatus.STOPPED
        is_stopped = Q(replies__status=stopped) | Q(replies=None, turn_status=stopped)
        rows = WidgetMessage.objects.filter(is_stopped, id=question)
        rows.update(turn_status=AnswerOutcome.HANDED_OVER.value)

    def unanswered(self, *, or_cut: bool = False) -> Any:
        """Return the visitor's messages after the last that a person or the agent answered.

        `or_cut`: an answer that a transition stopped is none.
        """
        rows = WidgetMessage.objects.filter(session=self.session)
        spoken = rows.filter(role=MessageRole.STAFF).aggregate(last=Max("seq"))["last"]
        answers = rows.filter(
            role=MessageRole.ASSISTANT, status__in=FINISHED, reply_to__isnull=False
        )
        if or_cut:
            answers = answers.exclude(reply_to__turn_status=AnswerOutcome.HANDED_OVER.value)
        answered = answers.aggregate(last=Max("reply_to__seq"))["last"]
        last = max(spoken or 0, answered or 0)
        return rows.filter(role=MessageRole.USER, seq__gt=last)

    def save(self) -> None:
        """Write the columns, and hint at the change once it is committed."""
        if self._kinds:
            self.set(revision=self.session.revision + 1)
        if self._columns:
            WidgetSession.objects.filter(id=self.session.id).update(**self._columns)
        for kind in self._kinds:
            note_transition(self.session, kind)
        if self._kinds or self._ended or (self._columns and self.tells):
            send_after_commit(Hint(self.session.id, ended=tuple(self._ended), wakes=self.wakes))


@contextmanager
def changing(session_id: uuid.UUID, *, cut: uuid.UUID | None = None) -> Iterator[Conversation]:
    """Lock a session for a transition; what the caller changes is written at the end.

    `cut`: what `stop_answer` returned. Raises `forbidden` if the session is gone.
    """
    with transaction.atomic():
        conversation = Conversation(lock_session(session_id))
        if cut is not None:
            conversation.note_cut(cut)
        wanted = wanted_in(conversation.session)
        yield conversation
        conversation.save()
        note_wanted(conversation.session, wanted)


def stop_answer(
    session_id: uuid.UUID, *, check: Callable[[Conversation], bool]
) -> uuid.UUID | None:
    """Stop the answer being written, and wait for it to be stored, for at most STOP_SECONDS.

    Returns the id of the visitor's message that it answers; None if there is nothing to stop.
    Without this, a take-over would drop text that the visitor has read. Call it before the
    transaction; the answer of a process that is dead is dropped. `check` returns whether the
    transition would end the answer now, or raises what refuses it.
    """
    running = WidgetTurn.objects.filter(session_id=session_id, state=TurnState.RUNNING)
    turn, question = running.values_list("id", "message").first() or (None, None)
    if turn is None:
        return None
    with transaction.atomic():
        if not check(Conversation(lock_session(session_id))):
            return None
    send_hint(Hint(session_id, stops=True))
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and WidgetTurn.objects.filter(id=turn).exists():
        time.sleep(STOP_PAUSE)
    return question


def next_timer(session: WidgetSession, now: datetime) -> tuple[datetime | None, str]:
    """Return when the next timer of a session fires, and which; None and "" if there is none.

    They run from the transition, or from the visitor's message that is waiting: who claims a
    conversation that has waited for long has the whole time for an answer.
    """
    limits = settings.LIMITS
    if session.status == WorkStatus.SNOOZED:
        return session.snoozed_until, Timer.SNOOZE.value
    if session.status == WorkStatus.RESOLVED or session.follow_up:
        return None, ""
    if session.handler == Handler.AGENT or session.waiting_since is None:
        return after(now, limits.handoff_a1_seconds, Timer.A1)
    if session.handler == Handler.PERSON:
        return after(now, limits.handoff_h1_seconds, Timer.H1)
    if limits.handoff_w1_seconds:
        return after(now, limits.handoff_w1_seconds, Timer.W1)
    return after(now, limits.handoff_w2_seconds, Timer.W2)


def after(start: datetime, seconds: float, kind: Timer) -> tuple[datetime | None, str]:
    """Return the time and name of a timer; None and "" if the setting turns it off."""
    return (start + timedelta(seconds=seconds), kind.value) if seconds else (None, "")
