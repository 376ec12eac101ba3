"""What staff do with a conversation: take it, answer, pass it on, resolve it."""

import uuid
from datetime import datetime

from loquent.agents.services import check_tokens_left
from loquent.errors import ApplicationError
from loquent.organizations.models import Membership
from widgets.models import Draft, WidgetMessage, WidgetTurn
from widgets.models.team import EventKind
from widgets.services.daily_cap import daily_cap, use_daily_message
from widgets.services.events import note_message
from widgets.services.handoff.change import Actor, Conversation, changing, stop_answer
from widgets.services.handoff.checks import (
    check_answers,
    check_fresh,
    check_not_taken,
    check_open,
    check_until,
)
from widgets.services.history import append_message
from widgets.services.notify.queue import note_reply
from widgets.services.rate_limits import charge_message
from widgets.team_types import Handler, WantedReason, WorkStatus
from widgets.types import MessageRole


def take_over(
    *, session_id: uuid.UUID, member: Membership, actor: Actor, taken_from: uuid.UUID | None = None
) -> None:
    """Give the conversation to a member (T3).

    `taken_from`: take it from this member on purpose (T4). Raises ConflictError `taken` if another
    member has it, and `conflict` if the visitor has left it or hand-off is off.
    """

    def check(conversation: Conversation) -> bool:
        check_open(conversation)
        check_not_taken(conversation, member, taken_from)
        return True

    cut = stop_answer(session_id, check=check)
    with changing(session_id, cut=cut) as conversation:
        check(conversation)
        if conversation.session.assignee_id != member.id:
            _claim(conversation, member, actor, EventKind.TAKEN)
        elif conversation.session.status == WorkStatus.RESOLVED:
            _reopen(conversation, actor)


def reply(
    *,
    session_id: uuid.UUID,
    member: Membership,
    actor: Actor,
    content: str,
    client_message_id: str | None = None,
    after_seq: int | None = None,
    revision: int | None = None,
) -> tuple[WidgetMessage, bool]:
    """Write a member's message; return it, and whether it is new.

    A repeat of the member's `client_message_id` returns the first message. Takes over if no one
    has the conversation. Raises ConflictError `taken`, or `stale` if a colleague wrote after
    `after_seq`, or `revision` is not the session's.
    """

    def find_first(conversation: Conversation) -> WidgetMessage | None:
        if client_message_id is None:
            return None
        return WidgetMessage.objects.filter(
            session=conversation.session,
            sender=str(member.id),
            client_message_id=client_message_id,
        ).first()

    def check(conversation: Conversation) -> bool:
        if find_first(conversation) is not None:
            return False
        check_open(conversation)
        check_not_taken(conversation, member, None)
        check_fresh(conversation, member, after_seq, revision)
        return True

    cut = stop_answer(session_id, check=check)
    with changing(session_id, cut=cut) as conversation:
        session = conversation.session
        first = find_first(conversation)
        if first is not None:
            return first, False
        check(conversation)
        if session.assignee_id != member.id:
            _claim(conversation, member, actor, EventKind.TAKEN)
        elif session.status != WorkStatus.OPEN:
            conversation.log(EventKind.REOPENED, actor)
        message = append_message(
            session,
            role=MessageRole.STAFF,
            content=content,
            author=member.public_name,
            sender=str(member.id),
            client_message_id=client_message_id,
        )
        note_message(message)
        conversation.note_wait()
        Draft.objects.filter(session=session, member=member).delete()
        conversation.set(
            waiting_since=None,
            human_at=conversation.now,
            status=WorkStatus.OPEN.value,
            snoozed_until=None,
            survey_open=False,
        )
        conversation.start_timer()
        note_reply(session)
    return message, True


def release(*, session_id: uuid.UUID, actor: Actor) -> None:
    """Give the conversation to the team: from the agent, or from a person (T5)."""

    def is_of_agent(conversation: Conversation) -> bool:
        if conversation.session.handler != Handler.AGENT:
            return False
        check_open(conversation)
        return True

    cut = stop_answer(session_id, check=is_of_agent)
    with changing(session_id, cut=cut) as conversation:
        session = conversation.session
        if is_of_agent(conversation):
            since = conversation.waits_since() or conversation.now
            reason = session.wanted_reason or WantedReason.STAFF.value
            conversation.hand_over()
            conversation.set(
                waiting_since=since, wanted_reason=reason, follow_up=False, survey_open=False
            )
            release_locked(conversation, actor=actor, says="asked", kind=EventKind.ASKED)
        elif session.handler == Handler.PERSON:
            release_locked(conversation, actor=actor, says="team")


def release_locked(
    conversation: Conversation, *, actor: Actor, says: str, kind: EventKind = EventKind.RELEASED
) -> None:
    """Give a locked conversation to the team, with this line."""
    conversation.set(
        handler=Handler.TEAM.value,
        assignee=None,
        waiting_since=conversation.waits_since(),
        status=WorkStatus.OPEN.value,
        snoozed_until=None,
    )
    conversation.start_timer()
    conversation.say(says)
    conversation.log(kind, actor)


def hand_back(*, session_id: uuid.UUID, actor: Actor) -> None:
    """Return the conversation to the agent (T6), which answers the newest unanswered message."""
    charge = charge_message(session_key=str(session_id), ip=None)
    is_charged = False
    try:
        with changing(session_id) as conversation:
            if conversation.session.ended_at is not None:
                return
            is_charged = hand_back_locked(conversation, actor=actor, refusal=charge.refusal)
    finally:
        if not is_charged:
            charge.give_back()


def hand_back_locked(
    conversation: Conversation, *, actor: Actor, refusal: ApplicationError | None
) -> bool:
    """Return a locked conversation to the agent; return whether a turn was queued.

    If a limit refuses the turn, the line says so.
    """
    session = conversation.session
    if session.handler == Handler.AGENT and not session.follow_up:
        return False
    was_agent = session.handler == Handler.AGENT
    conversation.set(
        handler=Handler.AGENT.value,
        assignee=None,
        follow_up=False,
        waiting_since=None,
        wanted_reason="",
        status=WorkStatus.OPEN.value,
        snoozed_until=None,
    )
    conversation.start_timer()
    conversation.log(EventKind.HANDED_BACK, actor)
    question = None if was_agent else conversation.unanswered().order_by("-seq").first()
    if question is not None:
        try:
            if refusal is not None:
                raise refusal
            check_tokens_left(agent_id=session.widget.text_agent_id)
            use_daily_message(cap=daily_cap(session.widget))
        except ApplicationError:
            conversation.say("agent_refused")
            return False
        WidgetMessage.objects.filter(id=question.id).update(turn_status="")
        WidgetTurn.objects.create(session=session, message=question)
        conversation.wakes = True
    conversation.say("agent")
    return question is not None


def resolve(*, session_id: uuid.UUID, actor: Actor) -> None:
    """Mark the conversation as done (T10)."""
    with changing(session_id) as conversation:
        if conversation.session.status != WorkStatus.RESOLVED:
            resolve_locked(conversation, actor=actor, asks=True)


def resolve_locked(conversation: Conversation, *, actor: Actor, asks: bool) -> None:
    """Mark a locked conversation as done; `asks`: the visitor may rate a person's work."""
    session = conversation.session
    is_rated = session.human_at is None or session.survey_score is not None
    conversation.set(
        status=WorkStatus.RESOLVED.value,
        waiting_since=None,
        follow_up=False,
        snoozed_until=None,
        survey_open=asks and not is_rated,
    )
    if asks and session.attention:
        conversation.set(attention=0, attention_done_at=conversation.now)
    conversation.start_timer()
    conversation.log(EventKind.RESOLVED, actor)


def reopen(*, session_id: uuid.UUID, actor: Actor) -> None:
    """Open a resolved or snoozed conversation again; its handler stays."""
    with changing(session_id) as conversation:
        if conversation.session.status != WorkStatus.OPEN:
            _reopen(conversation, actor)


def _reopen(conversation: Conversation, actor: Actor) -> None:
    conversation.set(status=WorkStatus.OPEN.value, snoozed_until=None, survey_open=False)
    if conversation.session.handler != Handler.AGENT:
        conversation.set(waiting_since=conversation.waits_since())
    conversation.start_timer()
    conversation.log(EventKind.REOPENED, actor)


def assign(*, session_id: uuid.UUID, target: Membership, actor: Actor) -> None:
    """Give the conversation to a member, also if another has it (T4)."""

    def check(conversation: Conversation) -> bool:
        check_open(conversation)
        return True

    cut = stop_answer(session_id, check=check)
    with changing(session_id, cut=cut) as conversation:
        check(conversation)
        if conversation.session.assignee_id != target.id:
            _claim(conversation, target, actor, EventKind.ASSIGNED)


def snooze(*, session_id: uuid.UUID, until: datetime, actor: Actor) -> None:
    """Hide the conversation until a time, or the visitor's next message (T14)."""
    with changing(session_id) as conversation:
        session = conversation.session
        if session.status == WorkStatus.SNOOZED and session.snoozed_until == until:
            return
        check_until(until)
        conversation.set(status=WorkStatus.SNOOZED.value, snoozed_until=until, survey_open=False)
        conversation.start_timer()
        conversation.log(EventKind.SNOOZED, actor)


def _claim(conversation: Conversation, member: Membership, actor: Actor, kind: EventKind) -> None:
    # A stopped answer may have taken a second.
    check_answers(member)
    session = conversation.session
    since = conversation.waits_since()
    waited = None
    if since is not None and session.handler == Handler.TEAM:
        waited = max(0, int((conversation.now - since).total_seconds()))
    conversation.hand_over()
    conversation.set(
        handler=Handler.PERSON.value,
        assignee=member,
        waiting_since=since,
        wanted_reason=session.wanted_reason or WantedReason.STAFF.value,
        follow_up=False,
        status=WorkStatus.OPEN.value,
        snoozed_until=None,
        survey_open=False,
    )
    conversation.start_timer()
    conversation.say("joined", person=member.public_name)
    conversation.log(kind, actor, waited=waited)
