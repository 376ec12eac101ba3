"""How a turn ended, and whether the team has the conversation after it (T2)."""

from dataclasses import dataclass, field
from typing import NamedTuple

from loquent.agents.actions.records import CallRecord, Proposal
from loquent.agents.persons import asks_for_person
from loquent.agents.services import FREE, Reservation, TokenCounts
from loquent.agents.types import Choice, Source
from widgets.models import ConversationEvent, WidgetMessage
from widgets.models.team import EventKind
from widgets.services.handoff.change import changing
from widgets.services.handoff.visitor import hand_over
from widgets.services.turns.waiting import PendingTurn
from widgets.team_types import WantedReason
from widgets.types import AnswerOutcome, LimitKind, MessageStatus, outcome_of


@dataclass(slots=True)
class Outcome:
    """How an answer ended; times in milliseconds since the start of the turn.

    `reservation`: the tokens reserved for it. `counts`: the tokens it used, whatever its outcome.
    """

    content: str = ""
    status: str = MessageStatus.COMPLETE.value
    reply_outcome: str = AnswerOutcome.ANSWERED.value
    cut_reason: str = ""
    sources: list[Source] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    # The change that the answer proposes, and the calls that were made for it.
    proposal: Proposal | None = None
    calls: list[CallRecord] = field(default_factory=list)
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    # The agent calls a person.
    wants_person: bool = False
    # The limit that refused the turn (LimitKind), if one did.
    limit: str = ""
    reservation: Reservation | None = None
    counts: TokenCounts = field(default_factory=lambda: FREE)

    @property
    def kind(self) -> str:
        """The result of the answer for the visitor: an AnswerOutcome."""
        return outcome_of(self.status, complete=self.reply_outcome)


class Before(NamedTuple):
    """A session before a turn ended: how the turn before ended, and whether it needs staff."""

    outcome: str
    attention: int
    status: str


def hand_over_after(turn: PendingTurn, outcome: Outcome, *, earlier: Before) -> bool:
    """Hand over after this turn if there is a reason; return whether a line was written.

    Call it in the transaction that ends the turn. The turn that follows a hand-back never hands
    over, else the conversation would go round in circles: if it fails, the line says so.
    """
    reason = _reason(turn, outcome, earlier)
    is_silent_call = outcome.wants_person and not outcome.content
    has_failed = is_silent_call or outcome.status == MessageStatus.FAILED
    if reason is None and not has_failed:
        return False
    if _is_after_hand_back(turn):
        return has_failed and _say(turn, "agent_refused")
    if reason is None:
        return False
    if hand_over(session_id=turn.session_id, reason=reason, repeats=outcome.wants_person):
        return True
    # Hand-off was turned off while the agent answered, and its call must not end in silence.
    return outcome.wants_person and _say(turn, "no_person")


def _say(turn: PendingTurn, name: str) -> bool:
    with changing(turn.session_id) as conversation:
        if conversation.session.ended_at is None:
            conversation.say(name)
            return True
    return False


def _reason(turn: PendingTurn, outcome: Outcome, earlier: Before) -> WantedReason | None:
    if outcome.status == MessageStatus.STOPPED:
        return None
    if outcome.limit == LimitKind.TOKENS:
        return WantedReason.BUDGET
    if turn.messages and asks_for_person(turn.messages[-1].content):
        return WantedReason.ASKED
    if outcome.wants_person:
        return WantedReason.AGENT
    if not earlier.outcome or turn.replaces:
        # The turn before was for the same question.
        return None
    if outcome.kind == earlier.outcome == AnswerOutcome.NO_ANSWER:
        return WantedReason.AGENT
    # A crash is not a failure of the agent.
    if outcome.status == earlier.status == MessageStatus.FAILED:
        return WantedReason.FAILED
    return None


def _is_after_hand_back(turn: PendingTurn) -> bool:
    """Return whether the question was asked before the conversation was last handed back."""
    question = WidgetMessage.objects.filter(id=turn.message_id)
    return ConversationEvent.objects.filter(
        session_id=turn.session_id,
        kind=EventKind.HANDED_BACK,
        created_at__gt=question.values("created_at")[:1],
    ).exists()
