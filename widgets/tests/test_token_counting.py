"""What a model charges for is counted, whatever becomes of the answer."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient
from pytest_django import Settings

from loquent.agents.backends.openai_chat.backend import OpenAIChatBackend
from loquent.agents.backends.registry import backend_for, close_backends
from loquent.agents.models import DailyTokenUsage, TokenReservation
from loquent.agents.services.breaker import FAILURES
from loquent.agents.services.slots import slots
from loquent.agents.tests import endpoint_scripts as scripts
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.exchange import Exchange, Script
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.telemetry.metrics import MODEL_TOKENS
from loquent.testing.people import make_agent, make_widget
from loquent.testing.sockets import Visits
from widgets.chat.supervisor import supervisor
from widgets.models import WidgetConfig

pytestmark = pytest.mark.usefixtures("noon")

# The estimate of the prompt "Hi", and the agent's maximum answer length.
PROMPT, MAXIMUM = 5, 100
USAGE = {"choices": [], "usage": {"prompt_tokens": 70, "completion_tokens": 30}}
REPORTED = 100
# "Half an " in bytes by three.
HALF = 3


def delta(reason: str | None = None, **fields: str) -> dict[str, Any]:
    return {"choices": [{"delta": fields, "finish_reason": reason}]}


def cut_after(*events: object) -> Script:
    """These events, then the end of the connection in the middle of the body."""

    async def script(exchange: Exchange) -> None:
        await scripts.stream_of(*events, end=False)(exchange)
        exchange.keep_alive = False

    return script


BLANK = delta(content=" \n" * 30)
DONE = "[DONE]"
SHAPES: dict[str, tuple[Script, int]] = {
    "blank": (scripts.stream_of(BLANK, scripts.STOP, USAGE, DONE), REPORTED),
    "blank, no usage": (scripts.stream_of(BLANK, scripts.STOP, DONE), PROMPT + 20),
    "blank, usage in the last chunk": (
        scripts.stream_of(BLANK, {**scripts.STOP, "usage": USAGE["usage"]}, DONE),
        REPORTED,
    ),
    "reasoning up to the maximum": (scripts.stream_of(delta("length"), USAGE, DONE), REPORTED),
    "hidden reasoning, no usage": (scripts.stream_of(delta("length"), DONE), PROMPT + MAXIMUM),
    "shown reasoning, no usage": (
        scripts.stream_of(delta(reasoning_content="x" * 30), scripts.STOP, DONE),
        PROMPT + 10,
    ),
    "filtered": (scripts.stream_of(delta("content_filter"), USAGE, DONE), REPORTED),
    "filtered, no usage": (scripts.stream_of(delta("content_filter"), DONE), PROMPT),
    "refused in words": (
        scripts.stream_of(delta(refusal="x" * 30), delta("stop"), DONE),
        PROMPT + 10,
    ),
    "time-out before the status": (scripts.hang_before_headers, PROMPT + MAXIMUM),
    "time-out after the status": (scripts.hang_before_first_token, PROMPT + MAXIMUM),
    "time-out among comments": (scripts.comments_for_ever, PROMPT + MAXIMUM),
    "time-out after blanks": (
        scripts.stream_of(BLANK, end=False),
        PROMPT + MAXIMUM,
    ),
    "time-out after words": (scripts.hang_in_the_middle, PROMPT + HALF),
    "error": (scripts.stream_of(scripts.ERROR, DONE), PROMPT),
    "error with usage": (scripts.stream_of({**scripts.ERROR, **USAGE}, DONE), REPORTED),
    "error document": (scripts.body(json.dumps(scripts.ERROR).encode()), PROMPT),
    "error after words": (scripts.stream_of(scripts.TEXT, scripts.ERROR), PROMPT + HALF),
    "cut before words": (cut_after(), PROMPT),
    "cut after words": (cut_after(scripts.TEXT), PROMPT + HALF),
    "usage, then cut": (cut_after(scripts.TEXT, USAGE), REPORTED),
    "usage, then words, then cut": (cut_after(USAGE, scripts.TEXT), REPORTED + HALF),
    "no end": (scripts.no_end, PROMPT + HALF),
    "not JSON": (scripts.stream_of("{"), PROMPT),
    "half a surrogate pair": (scripts.stream_of(delta(content="\ud800ab")), PROMPT + 1),
    "whole": (scripts.tokens("Hello", " there."), 10),
    "whole, no usage": (scripts.stream_of(scripts.TEXT, scripts.STOP, DONE), PROMPT + HALF),
    "one document": (scripts.one_document, 10),
}
FREE: dict[str, Script] = {
    "429": scripts.refuse(429, Retry_After="0"),
    "503": scripts.refuse(503, Retry_After="0"),
    "401": scripts.refuse(401),
    "400": scripts.refuse(400),
    "redirect": scripts.refuse(307, Location="/v1/elsewhere"),
    "cut before the status": scripts.cut_before_headers,
    "not HTTP": scripts.not_http,
}


@pytest.fixture
async def endpoint(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedEndpoint]:
    backend = backend_for("openai-chat")
    assert isinstance(backend, OpenAIChatBackend)
    monkeypatch.setattr(backend, "backoff", 0.0)
    async with ScriptedEndpoint() as server:
        settings.OPENAI_BASE_URL = server.base_url
        yield server
        await close_backends()


@pytest.fixture
def impatient(settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, turn_first_token_seconds=0.5, turn_gap_seconds=0.5)


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    Organization.objects.update(daily_token_budget=10_000)
    return make_widget(
        acme, agent=make_agent(acme, model="openai-chat:any", max_output_tokens=MAXIMUM)
    )


async def books() -> tuple[int, int]:
    """The tokens that are reserved and used."""
    row = await in_database(DailyTokenUsage.objects.get)
    assert row.reserved == 0 or await in_database(TokenReservation.objects.exists)
    return row.reserved, row.used


async def ask(visit: Visits, widget: WidgetConfig) -> None:
    """One question, and its end."""
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await socket.until("typing_stop")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("shape", SHAPES)
async def test_accepted_request_counts_whatever_the_outcome(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shape: str
) -> None:
    script, expected = SHAPES[shape]
    endpoint.push(script)
    await ask(visit, widget)
    assert await books() == (0, expected)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("refusal", FREE)
async def test_request_that_was_never_accepted_is_free(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, refusal: str
) -> None:
    endpoint.default = FREE[refusal]
    endpoint.by_model.clear()
    await ask(visit, widget)
    assert endpoint.requests
    assert await books() == (0, 0)


async def test_retry_after_refusals_counts_once(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    endpoint.push(FREE["503"], FREE["cut before the status"], scripts.tokens("Hello."))
    await ask(visit, widget)
    assert len(endpoint.requests) == 3
    assert await books() == (0, 10)


async def test_unreachable_endpoint_and_open_breaker_are_free(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    # Nothing listens there, and no other test ever does.
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    for _ in range(FAILURES + 1):
        await ask(visit, widget)
    assert await books() == (0, 0)


async def test_blank_answers_use_up_the_budget(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    endpoint.default = scripts.tokens(" ", usage=(3_000, 3_000))
    endpoint.by_model.clear()
    for _ in range(4):
        await ask(visit, widget)
    assert await books() == (0, 12_000)
    assert len(endpoint.requests) == 2


async def test_blank_answer_shows_in_the_metrics(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    output = MODEL_TOKENS.labels("openai-chat", "output")
    before = output._value.get()
    endpoint.push(SHAPES["blank"][0])
    await ask(visit, widget)
    assert output._value.get() == before + 30


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (scripts.hang_before_headers, PROMPT + MAXIMUM),
        (scripts.hang_before_first_token, PROMPT + MAXIMUM),
        (scripts.hang_in_the_middle, PROMPT + HALF),
    ],
)
async def test_stopped_answer_counts(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, script: Script, expected: int
) -> None:
    endpoint.push(script)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    if expected == PROMPT + HALF:
        await socket.until("delta")
    else:
        await endpoint.wait_for_requests(1)
    await socket.send({"type": "stop"})
    await socket.until("typing_stop")
    assert await books() == (0, expected)


async def test_stop_while_waiting_for_a_slot_is_free(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, model_calls=1)
    await slots.take("other", total=1, per_key=1)
    try:
        socket = await visit.opened(widget)
        await socket.say("Hi")
        await socket.until("typing_start")
        await socket.send({"type": "stop"})
        await socket.until("typing_stop")
    finally:
        slots.give_back("other")
    assert await books() == (0, 0)
    assert not endpoint.requests


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (scripts.hang_before_first_token, PROMPT + MAXIMUM),
        (scripts.hang_in_the_middle, PROMPT + HALF),
    ],
)
async def test_answer_cut_by_shutdown_counts(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, script: Script, expected: int
) -> None:
    endpoint.push(script)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await (socket.until("delta") if expected == PROMPT + HALF else endpoint.wait_for_requests(1))
    await supervisor.drain(grace_seconds=0)
    assert await books() == (0, expected)


async def test_answer_cut_at_our_limit_counts_received_tokens(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, answer_chars=6)
    endpoint.push(scripts.stream_of({"choices": [{"delta": {"content": "x x x " * 5}}]}, end=False))
    await ask(visit, widget)
    reserved, used = await books()
    # The text may arrive in several pieces, and is cut after the first.
    assert reserved == 0
    assert PROMPT < used <= PROMPT + 10


async def test_playground_counts_blank_answers(
    async_client: AsyncClient, widget: WidgetConfig, alice: User, endpoint: ScriptedEndpoint
) -> None:
    await in_database(async_client.force_login, alice)
    endpoint.push(SHAPES["blank"][0])
    response: Any = await async_client.post(
        "/admin/agents/textagent/playground/",
        {
            "agent": str(widget.text_agent_id),
            "model": "openai-chat:any",
            "max_output_tokens": str(MAXIMUM),
            "messages": json.dumps([{"role": "user", "content": "Hi"}]),
        },
    )
    lines = b"".join([part async for part in response]).splitlines()
    assert json.loads(lines[-1])["type"] == "error"
    assert await books() == (0, REPORTED)
