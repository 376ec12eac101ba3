from hypothesis import given
from hypothesis import strategies as st

from loquent.agents.services import bound_history
from loquent.agents.types import ChatMessage


def conversation(*contents: str) -> list[ChatMessage]:
    roles = ("user", "assistant")
    start = (len(contents) + 1) % 2
    return [
        ChatMessage(roles[(start + position) % 2], content)  # type: ignore[arg-type]
        for position, content in enumerate(contents)
    ]


def contents(messages: tuple[ChatMessage, ...]) -> list[str]:
    return [message.content for message in messages]


def test_newest_messages_are_kept() -> None:
    messages = conversation("a", "b", "c")
    assert contents(bound_history(messages, max_messages=2, max_chars=100)) == ["b", "c"]


def test_character_limit_keeps_a_contiguous_end() -> None:
    messages = conversation("a", "b" * 50, "c" * 5, "d" * 5)
    kept = bound_history(messages, max_messages=20, max_chars=12)
    assert contents(kept) == ["c" * 5, "d" * 5]


def test_message_to_answer_is_kept_and_cut_if_too_long() -> None:
    kept = bound_history(conversation("a", "0123456789"), max_messages=20, max_chars=4)
    assert contents(kept) == ["0123"]


def test_zero_means_no_limit() -> None:
    messages = conversation("a" * 99, "b" * 99)
    assert bound_history(messages, max_messages=0, max_chars=0) == tuple(messages)


@given(st.lists(st.text(max_size=30), min_size=1), st.integers(1, 10), st.integers(1, 100))
def test_both_limits_hold_and_the_end_is_kept(
    texts: list[str], max_messages: int, max_chars: int
) -> None:
    messages = conversation(*texts)
    kept = bound_history(messages, max_messages=max_messages, max_chars=max_chars)
    assert 1 <= len(kept) <= max_messages
    assert sum(len(message.content) for message in kept) <= max_chars
    assert kept[-1].content == messages[-1].content[:max_chars]
    assert list(kept[:-1]) == messages[len(messages) - len(kept) : -1]
