"""The services of the chat's path for one conversation: groups of one."""

import uuid

from loquent.agents.types import VisitorPage
from loquent.errors import ApplicationError
from widgets.services.turns.accept import AcceptedMessage, PostedMessage, accept_messages
from widgets.services.turns.claim import claim_turns
from widgets.services.turns.finish import finish_turns
from widgets.services.turns.handing_over import Outcome
from widgets.services.turns.waiting import PendingTurn
from widgets.types import MessageData


def accept_message(
    *,
    session_id: uuid.UUID,
    content: str,
    client_message_id: str | None,
    ip: str,
    page: VisitorPage | None = None,
) -> AcceptedMessage:
    """`accept_messages` for one; raises what it refuses with."""
    posted = PostedMessage(session_id, content, client_message_id, ip, page)
    (answer,) = accept_messages([posted], owner=None)
    if isinstance(answer, ApplicationError):
        raise answer
    return answer


def claim_next_turn(*, session_id: uuid.UUID, owner: uuid.UUID) -> PendingTurn | None:
    """`claim_turns` for one session."""
    return claim_turns([session_id], owner=owner)[0]


def finish_turn(*, turn: PendingTurn, outcome: Outcome) -> MessageData | None:
    """`finish_turns` for one."""
    return finish_turns([(turn, outcome)])[0].answer
