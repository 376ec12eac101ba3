"""Since when a visitor has waited for an answer."""

from django.db.models import (
    Case,
    DateTimeField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Coalesce

from widgets.models import WidgetMessage, WidgetSession
from widgets.team_types import Handler, WorkStatus
from widgets.types import FINISHED, MessageRole

Sessions = QuerySet[WidgetSession]


def with_waits(sessions: Sessions) -> Sessions:
    """Annotate `waits_since`: the oldest visitor message without an answer, or the wish.

    The column `waiting_since` has it for conversations of people. While the agent has one, its
    answers would change the column with each message; so it is looked up when it is read.
    """
    return sessions.annotate(
        waits_since=Case(
            When(
                Q(
                    handler=Handler.AGENT.value,
                    waiting_since=None,
                    ended_at=None,
                    last_seq__gt=0,
                )
                & ~Q(status=WorkStatus.RESOLVED.value),
                then=_oldest_unanswered(),
            ),
            default=F("waiting_since"),
            output_field=DateTimeField(),
        )
    )


def _oldest_unanswered() -> Subquery:
    messages = WidgetMessage.objects.filter(session=OuterRef(OuterRef("pk")))
    # Answers are written in the order of their questions.
    answers = messages.filter(role=MessageRole.ASSISTANT, status__in=FINISHED)
    answered = answers.exclude(reply_to=None).order_by("-seq").values("reply_to__seq")[:1]
    spoken = messages.filter(role=MessageRole.STAFF).order_by("-seq").values("seq")[:1]
    asked = WidgetMessage.objects.filter(session=OuterRef("pk"), role=MessageRole.USER)
    asked = asked.filter(
        Q(seq__gt=Coalesce(Subquery(answered), 0)), Q(seq__gt=Coalesce(Subquery(spoken), 0))
    )
    return Subquery(asked.order_by("seq").values("created_at")[:1])
