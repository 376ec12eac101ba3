"""What the builtin provider answers."""

import time

import pytest

from loquent.agents.backends.builtin.backend import BuiltinBackend, pieces
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.tests.test_knowledge import SHOP
from loquent.agents.types import Passage, ReplyEnd, ReplyRequest, Source, TextDelta


async def ask(question: str, **options: object) -> tuple[str, ReplyEnd]:
    options = {"knowledge": SHOP} | options
    return await collect(make_reply(question, model="builtin:knowledge", **options))  # type: ignore[arg-type]


async def test_the_answer_is_the_passage_with_its_link() -> None:
    text, end = await ask("What does shipping cost?")
    assert "“Shipping”" in text
    assert SHOP[0].content in text
    assert "Mugs" not in text
    assert end == ReplyEnd(sources=(Source(title="Shipping", url="https://shop.test/shipping"),))


async def test_a_question_about_two_things_is_answered_with_both() -> None:
    text, end = await ask("What does shipping cost, and are mugs dishwasher safe?")
    assert SHOP[0].content in text
    assert SHOP[2].content in text
    assert len(end.sources) == 1


async def test_unknown_question_gets_the_fallback_and_suggestions() -> None:
    text, end = await ask("Who is the pope?")
    assert text.startswith("I'm sorry, I found nothing about that.")
    assert "“Shipping”, “Returns”" in text
    assert end.sources == ()


@pytest.mark.parametrize("question", ["Who is the pope?", "Hello!", "?"])
async def test_agent_without_knowledge_still_answers(question: str) -> None:
    text, end = await ask(question, knowledge=[])
    assert text
    assert end.outcome == ("answered" if question == "Hello!" else "no_answer")


@pytest.mark.parametrize(
    ("message", "beginning"),
    [
        ("Hello", "Hello!"),
        ("hi there 👋", "Hello!"),
        ("Grüezi? Hallo!", "I'm sorry"),
        ("Good morning", "Hello!"),
        ("thanks a lot!!", "You're welcome"),
        ("Thank you very much for your help.", "You're welcome"),
        ("bye", "Goodbye"),
        ("Hello, what does shipping cost?", "Here is what I found"),
        ("👋", "What would you like to know?"),
        ("ok", "What would you like to know?"),
    ],
)
async def test_small_talk_is_answered(message: str, beginning: str) -> None:
    text, end = await ask(message)
    assert text.startswith(beginning)
    assert end.outcome == ("no_answer" if beginning == "I'm sorry" else "answered")
    assert bool(end.sources) == beginning.startswith("Here")


async def test_answer_respects_the_output_limit() -> None:
    text, _ = await ask("What does shipping cost?", max_output_tokens=20)
    assert len(text) <= 80
    assert text.endswith("…")


async def test_answer_streams_quickly_in_small_pieces() -> None:
    entry = Passage("Mugs", "mugs " * 190, "")
    request: ReplyRequest = make_reply("mugs", knowledge=[entry]).request
    started = time.monotonic()
    events = [event async for event in BuiltinBackend().stream(request)]
    assert time.monotonic() - started < 2.5
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(texts) > 20
    assert max(map(len, texts)) < 60


@pytest.mark.parametrize("text", ["", "a", "a  b\n\n c ", "配" * 5_000, "word " * 20_000])
def test_pieces_join_to_the_whole_text(text: str) -> None:
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert len(cut) <= 120
    assert all(cut)
