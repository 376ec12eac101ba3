"""Limits, cleaning and closing: the same for every backend."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

import pytest

from loquent.agents.backends import registry
from loquent.agents.backends.base import Backend
from loquent.agents.services import generate_reply
from loquent.agents.tests import endpoint_scripts as scripts
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.replies import collect, collect_failure, make_reply
from loquent.agents.types import ReplyEnd, ReplyEvent, ReplyRequest, Source, TextDelta

SetLimits = Callable[..., None]


class PlayedBackend(Backend):
    """Yields what it is given; an exception among it is raised."""

    def __init__(self, *events: ReplyEvent | str | Exception) -> None:
        self.events = events
        self.closed = False

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        try:
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                yield TextDelta(event) if isinstance(event, str) else event
        finally:
            self.closed = True


Play = Callable[..., PlayedBackend]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """`play("a", ReplyEnd())` makes the provider `builtin` yield these events."""

    def start(*events: ReplyEvent | str | Exception) -> PlayedBackend:
        backend = PlayedBackend(*events)
        monkeypatch.setitem(registry.BACKENDS, "builtin", backend)
        return backend

    return start


REPLY = make_reply(model="builtin:knowledge")


async def test_leading_white_space_is_stripped(play: Play) -> None:
    play(" \n", "\t", "  Hello ", " you ", ReplyEnd())
    assert (await collect(REPLY))[0] == "Hello  you "


async def test_text_is_clean_for_every_backend(play: Play) -> None:
    play("a\x00", "\ud83d", "\ude00", "\ud83d", ReplyEnd())
    assert (await collect(REPLY))[0] == "a😀\ufffd"


async def test_sources_are_passed_on(play: Play) -> None:
    source = Source(title="Shipping", url="https://shop.test/")
    play("a", ReplyEnd((source,), 1, 2))
    assert (await collect(REPLY))[1] == ReplyEnd((source,), 1, 2)


@pytest.mark.parametrize("pieces", [[], [" \n"], ["\x00"], ["\u200b\u200d", "\ufeff"]])
async def test_invisible_answer_is_a_failure(play: Play, pieces: list[str]) -> None:
    play(*pieces, ReplyEnd())
    text, error = await collect_failure(REPLY)
    assert text == ""
    assert not error.permanent


async def test_a_backend_that_stops_without_an_end_fails(play: Play) -> None:
    play("a")
    assert (await collect_failure(REPLY))[0] == "a"


async def test_events_after_the_end_are_ignored(play: Play) -> None:
    backend = play("a", ReplyEnd(), "b", ReplyEnd())
    assert (await collect(REPLY))[0] == "a"
    assert backend.closed


async def test_unexpected_exception_reveals_only_its_type(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    play("a", KeyError("secret words of a visitor"))
    text, error = await collect_failure(REPLY)
    assert text == "a"
    assert not error.permanent
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text + str(error)
    assert "Traceback" not in caplog.text


async def test_an_unknown_provider_is_a_permanent_failure() -> None:
    _, error = await collect_failure(make_reply(model="nobody:x"))
    assert error.permanent


async def test_answer_cut_at_its_limit_is_complete(play: Play, set_limits: SetLimits) -> None:
    set_limits(answer_chars=5)
    backend = play("abc", "def", "ghi", ReplyEnd())
    text, end = await collect(REPLY)
    assert text == "abcde"
    assert end == ReplyEnd()
    assert backend.closed


async def test_answer_exactly_at_the_limit_keeps_its_end(play: Play, set_limits: SetLimits) -> None:
    set_limits(answer_chars=3)
    play("abc", ReplyEnd(output_tokens=1))
    assert await collect(REPLY) == ("abc", ReplyEnd(output_tokens=1))


async def test_ten_megabyte_answer_is_cut_and_the_connection_closed(
    endpoint: ScriptedEndpoint,
) -> None:
    text, _ = await collect(make_reply(model="openai-chat:huge"))
    assert len(text) == 100_000
    await endpoint.requests[0].wait_until_closed()


@pytest.mark.parametrize(
    ("limit", "model", "text"),
    [
        ("turn_first_token_seconds", "hang-headers", ""),
        ("turn_first_token_seconds", "hang-first", ""),
        ("turn_first_token_seconds", "comments", ""),
        ("turn_gap_seconds", "hang", "Half an "),
        ("turn_total_seconds", "hang-headers", ""),
        ("turn_total_seconds", "hang", "Half an "),
    ],
)
@pytest.mark.costly
async def test_time_limit_ends_the_reply_and_the_connection(
    endpoint: ScriptedEndpoint, set_limits: SetLimits, limit: str, model: str, text: str
) -> None:
    # Long enough for a slow machine to connect, and to hear what is said before.
    set_limits(**{limit: 1})
    got, error = await collect_failure(make_reply(model=f"openai-chat:{model}"))
    assert got == text
    assert not error.permanent
    assert len(endpoint.requests) == 1
    await endpoint.requests[0].wait_until_closed()


async def test_zero_disables_the_time_limits(
    endpoint: ScriptedEndpoint, set_limits: SetLimits
) -> None:
    set_limits(
        turn_first_token_seconds=0, turn_gap_seconds=0, turn_total_seconds=0,
        turn_connect_seconds=0, answer_chars=0,
    )  # fmt: skip
    assert (await collect(make_reply()))[0] == "Hello there."


async def test_time_spent_in_the_caller_does_not_count_as_a_gap(
    endpoint: ScriptedEndpoint, set_limits: SetLimits
) -> None:
    set_limits(turn_gap_seconds=0.05, turn_first_token_seconds=5)
    gate = asyncio.Event()
    endpoint.push(scripts.tokens("a ", "b", gate=gate))
    texts = []
    async for event in generate_reply(loaded=make_reply()):
        if isinstance(event, TextDelta):
            texts.append(event.text)
            gate.set()
            await endpoint.requests[0].answered.wait()
            await asyncio.sleep(0.1)  # longer than the gap: that is the point
    assert "".join(texts) == "a b"


@pytest.mark.parametrize("model", ["openai-chat:hang", "openai-chat:slow"])
async def test_closing_the_generator_closes_the_connection(
    endpoint: ScriptedEndpoint, model: str
) -> None:
    async with aclosing(generate_reply(loaded=make_reply(model=model))) as events:
        await anext(events)
    await endpoint.requests[0].wait_until_closed()


@pytest.mark.parametrize("model", ["hang-headers", "hang-first", "hang"])
async def test_cancelling_closes_the_connection(endpoint: ScriptedEndpoint, model: str) -> None:
    task = asyncio.create_task(collect(make_reply(model=f"openai-chat:{model}")))
    await endpoint.wait_for_requests(1)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    await endpoint.requests[0].wait_until_closed()


async def test_concurrent_replies_do_not_mix(endpoint: ScriptedEndpoint) -> None:
    endpoint.by_model |= {f"m{n}": scripts.tokens(f"a{n}", f"b{n}") for n in range(50)}
    replies = [make_reply(model=f"openai-chat:m{n}") for n in range(50)]
    results = await asyncio.gather(*map(collect, replies))
    assert [text for text, _ in results] == [f"a{n}b{n}" for n in range(50)]
