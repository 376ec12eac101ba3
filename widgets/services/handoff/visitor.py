"""What the visitor does: ask for a person or the agent, leave an address, rate the conversation."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Least

from contacts.normalization import NormalizationError, normalize_email
from loquent.errors import ApplicationError, ErrorCode
from widgets.models import WidgetSession
from widgets.models.team import EventKind
from widgets.services.handoff.change import Actor, Conversation, changing, stop_answer
from widgets.services.handoff.hints import Hint, send_after_commit
from widgets.services.handoff.staff import hand_back_locked
from widgets.services.notify.queue import note_reply
from widgets.services.notify.visitor import void_links
from widgets.services.rate_limits import (
    Charge,
    charge_message,
    take_ask_person,
    take_reply_email,
)
from widgets.services.turns.locking import session_ended_error
from widgets.team_types import Handler, WantedReason, WorkStatus

VISITOR = Actor("Visitor")


def ask_person(*, session_id: uuid.UUID) -> None:
    """Call a person (T1), or note the wish out of hours (T1'); asked twice is asked once.

    Raises `person_unavailable` if hand-off is off for the widget, `rate_limited`, `forbidden` if
    the chat has ended.
    """
    rows = WidgetSession.objects.select_related("widget").filter(id=session_id)
    session = rows.first()
    if session is not None and not session.widget.handoff_enabled:
        raise ApplicationError(
            ErrorCode.PERSON_UNAVAILABLE, "It is not possible to talk to a person in this chat."
        )
    if session is not None and not _is_wanted(session):
        # After a return to the agent there can be another call, which alerts the team again.
        take_ask_person(session_key=str(session_id))
    cut = stop_answer(session_id, check=_would_hand_over)
    with changing(session_id, cut=cut) as conversation:
        if conversation.session.ended_at is not None:
            raise session_ended_error()
        want_person(conversation, reason=WantedReason.ASKED, actor=VISITOR)


def _would_hand_over(conversation: Conversation) -> bool:
    session = conversation.session
    is_free = session.handler == Handler.AGENT and session.ended_at is None
    return is_free and conversation.is_team_there()


def _is_wanted(session: WidgetSession) -> bool:
    is_of_team = session.handler != Handler.AGENT or session.follow_up
    return is_of_team and session.status != WorkStatus.RESOLVED


def want_person(conversation: Conversation, *, reason: WantedReason, actor: Actor) -> bool:
    """Write that a person is wanted; return False if that is so already.

    In hours the team has the conversation from now on, also if the visitor first asked out of
    hours; out of hours the agent goes on.
    """
    session = conversation.session
    is_there = conversation.is_team_there()
    is_known = session.handler != Handler.AGENT or (session.follow_up and not is_there)
    if is_known and session.status != WorkStatus.RESOLVED:
        return False
    conversation.set(
        waiting_since=conversation.waits_since() or conversation.now,
        wanted_reason=reason.value,
        status=WorkStatus.OPEN.value,
        snoozed_until=None,
        survey_open=False,
    )
    if is_there:
        conversation.hand_over()
    conversation.set(
        handler=Handler.TEAM.value if is_there else Handler.AGENT.value,
        assignee=None,
        follow_up=not is_there,
    )
    conversation.start_timer()
    if is_there:
        conversation.say("asked")
        conversation.log(EventKind.ASKED, actor)
    else:
        conversation.say("closed")
        conversation.log(EventKind.FOLLOW_UP, actor)
    return True


def ask_agent(*, session_id: uuid.UUID, ip: str) -> None:
    """Return to the agent while no one has claimed the conversation.

    Raises `forbidden` once a person has it. While the agent has it, nothing happens.
    """
    charge = charge_message(session_key=str(session_id), ip=ip)
    with _Kept(charge), changing(session_id) as conversation:
        handler = conversation.session.handler
        if handler == Handler.PERSON:
            raise ApplicationError(ErrorCode.FORBIDDEN, "A person is answering in this chat.")
        if handler == Handler.AGENT or not hand_back_locked(
            conversation, actor=VISITOR, refusal=charge.refusal
        ):
            charge.give_back()


class _Kept:
    """Return the tokens of a charge if the block fails."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._charge.give_back()


def visitor_wrote(*, session_id: uuid.UUID, now: datetime) -> str:
    """Prepare a team's conversation for a new message of the visitor; return its handler.

    Call it in the transaction that writes the message. A snoozed conversation wakes. A resolved
    one opens again: with the person or team within LIMIT_HANDOFF_REOPEN_SECONDS after a person
    wrote last, in hours (T12); otherwise with the agent (T13).
    """
    with changing(session_id) as conversation:
        session = conversation.session
        conversation.tells = False
        if session.status == WorkStatus.RESOLVED:
            _reopen(conversation, now)
        elif session.status == WorkStatus.SNOOZED:
            conversation.set(status=WorkStatus.OPEN.value, snoozed_until=None)
            conversation.free_if_away()
            conversation.log(EventKind.WOKEN, VISITOR)
            conversation.start_timer()
        if session.handler != Handler.AGENT and session.waiting_since is None:
            conversation.set(waiting_since=now)
            conversation.start_timer()
        return session.handler


def _reopen(conversation: Conversation, now: datetime) -> None:
    session = conversation.session
    conversation.set(status=WorkStatus.OPEN.value, survey_open=False)
    window = timedelta(seconds=settings.LIMITS.handoff_reopen_seconds)
    is_recent = session.human_at is not None and now - session.human_at <= window
    if not (is_recent and conversation.is_team_there() and session.widget.handoff_enabled):
        conversation.set(handler=Handler.AGENT.value, assignee=None, wanted_reason="")
    else:
        conversation.free_if_away()
        if session.assignee is None:
            reason = session.wanted_reason or WantedReason.STAFF.value
            conversation.set(handler=Handler.TEAM.value, wanted_reason=reason)
    conversation.log(EventKind.REOPENED, VISITOR)
    conversation.start_timer()


def note_end(*, session_id: uuid.UUID) -> None:
    """Close the team's work on a conversation that the visitor has left for a new one (T15)."""
    with changing(session_id) as conversation:
        session = conversation.session
        is_of_team = session.handler != Handler.AGENT or session.follow_up
        if is_of_team or session.status == WorkStatus.SNOOZED:
            conversation.set(
                status=WorkStatus.RESOLVED.value,
                waiting_since=None,
                follow_up=False,
                snoozed_until=None,
            )
            conversation.log(EventKind.ENDED, VISITOR)
        if session.due_at is not None:
            conversation.set(due_at=None, due_kind="")


def save_reply_email(*, session_id: uuid.UUID, email: str) -> None:
    """Store where to write to the visitor; raise `contact_info_invalid` or `rate_limited`."""
    take_reply_email(session_key=str(session_id))
    try:
        address = normalize_email(email)
    except NormalizationError as error:
        raise ApplicationError(ErrorCode.CONTACT_INFO_INVALID, str(error)) from None
    with changing(session_id) as conversation:
        if conversation.session.ended_at is not None:
            raise session_ended_error()
        if conversation.session.reply_email not in ("", address):
            void_links(conversation.session)
        conversation.set(reply_email=address)
        if conversation.session.human_at is not None:
            note_reply(conversation.session)


def note_seen(*, session_id: uuid.UUID, seq: int) -> None:
    """Note up to which message the visitor has seen the conversation."""
    rows = WidgetSession.objects.filter(id=session_id, seen_seq__lt=Least(F("last_seq"), seq))
    if rows.update(seen_seq=Least(F("last_seq"), seq)):
        send_after_commit(Hint(session_id, is_internal=True))


def save_survey(*, session_id: uuid.UUID, score: int, comment: str) -> None:
    """Store the visitor's rating of a conversation that a person resolved, once.

    Raises `forbidden` before that, and for a second rating.
    """
    with changing(session_id) as conversation:
        if not conversation.session.survey_open:
            raise ApplicationError(
                ErrorCode.FORBIDDEN, "This conversation can't be rated at the moment."
            )
        conversation.set(survey_open=False, survey_score=score, survey_comment=comment)


def hand_over(*, session_id: uuid.UUID, reason: WantedReason, repeats: bool = False) -> bool:
    """Hand a conversation from the agent to the team (T2), if its widget allows that.

    Call it in the transaction that ends the agent's turn; return whether anything changed.
    `repeats`: write the line again if a person is wanted already, as the agent may have said none.
    """
    with changing(session_id) as conversation:
        session = conversation.session
        if not session.widget.handoff_enabled or session.ended_at is not None:
            return False
        is_new = want_person(conversation, reason=reason, actor=Actor("Agent"))
        if not is_new and repeats:
            conversation.say("closed")
        return is_new or repeats
