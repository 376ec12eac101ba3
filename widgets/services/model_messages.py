"""What the model is told of a conversation."""

from dataclasses import dataclass

from loquent.agents.backends.base import ChatMessage
from widgets.models import WidgetMessage, WidgetTurn
from widgets.types import FINISHED, MessageRole

# Rows read to find the model's messages: enough for its bound with failed ones between.
HISTORY_ROWS = 80


@dataclass(frozen=True, slots=True)
class TurnMessages:
    """What a turn asks the model, and the answer that its message has already, if it has one."""

    messages: list[ChatMessage]
    earlier_answer: WidgetMessage | None


def load_turn_messages(*, turn: WidgetTurn) -> TurnMessages:
    """Each answered message followed by its answer, in order; then the one to be answered.

    Messages typed while an answer grew come before that answer by `seq`; a model would take such
    an order for nonsense. Of a message that is answered again it sees neither the earlier answer
    nor what came later.
    """
    rows = list(
        WidgetMessage.objects.filter(session_id=turn.session_id, turn=None)
        .exclude(id=turn.message_id)
        .order_by("-seq")[:HISTORY_ROWS]
    )
    rows.reverse()
    answers = {row.reply_to_id: row for row in rows if row.role == MessageRole.ASSISTANT}
    messages = []
    for row in rows:
        if row.role != MessageRole.USER or row.seq > turn.message.seq:
            continue
        messages.append(ChatMessage("user", row.content))
        answer = answers.get(row.id)
        if answer is not None and answer.status in FINISHED:
            messages.append(ChatMessage("assistant", answer.content))
    messages.append(ChatMessage("user", turn.message.content))
    return TurnMessages(messages, answers.get(turn.message_id))
