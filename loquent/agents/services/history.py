"""How much of a conversation a model gets to see. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from loquent.agents.types import ChatMessage


def bound_history(
    messages: Sequence[ChatMessage], *, max_messages: int, max_chars: int
) -> tuple[ChatMessage, ...]:
    """The newest messages, oldest first, without a gap: at most so many, and so many characters.

    The last one always stays; where it is too long by itself, its beginning does. 0 is no limit.
    """
    kept: list[ChatMessage] = []
    left = max_chars if max_chars > 0 else None
    for message in reversed(messages[-max_messages:] if max_messages > 0 else messages):
        if left is not None:
            if len(message.content) > left and not kept:
                message = replace(message, content=message.content[:left])  # noqa: PLW2901
            if len(message.content) > left:
                break
            left -= len(message.content)
        kept.append(message)
    return tuple(reversed(kept))
