"""The ways in which an endpoint fails, and what becomes of the reply."""

import contextlib
import json
import logging
import math
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.backends.openai_chat.reader import AnswerReader
from loquent.agents.metering import TokenMeter
from loquent.agents.tests import endpoint_scripts as scripts
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.exchange import Script
from loquent.agents.tests.replies import collect, collect_failure, make_reply
from loquent.testing.certificates import self_signed
from loquent.testing.receiver import Receiver

SetLimits = Callable[..., None]

# Model of the scripted endpoint → text before the failure, permanent, number of requests.
FAILURES: dict[str, tuple[str, bool, int]] = {
    "429": ("", False, 3),
    "500": ("", False, 3),
    "401": ("", True, 1),
    "404": ("", True, 1),
    "redirect": ("", True, 1),
    "cut-headers": ("", False, 3),
    "cut": ("Half an ", False, 1),
    "no-end": ("Half an ", False, 1),
    "garbage": ("", False, 1),
    "garbage-html": ("", False, 1),
    "not-http": ("", False, 1),
    "utf8": ("", False, 1),
    "no-choices": ("", False, 1),
    "empty": ("", False, 1),
    "blank": ("", False, 1),
    "error-stream": ("Half an ", False, 1),
    "error-document": ("", False, 1),
    "filtered": ("", False, 1),
}


@pytest.mark.parametrize("model", FAILURES)
async def test_each_failure_is_one_clear_error(
    endpoint: ScriptedEndpoint, caplog: pytest.LogCaptureFixture, model: str
) -> None:
    text, permanent, requests = FAILURES[model]
    caplog.set_level(logging.DEBUG)
    got, error = await collect_failure(make_reply(model=f"openai-chat:{model}"))
    assert got == text
    assert error.permanent is permanent
    assert len(endpoint.requests) == requests
    assert "secret" not in str(error) + caplog.text
    assert error.__suppress_context__ or error.__cause__ is None
    assert "Traceback" not in caplog.text
    # The next reply is not harmed.
    assert (await collect(make_reply()))[0] == "Hello there."


async def test_refused_connection_is_a_clear_error(endpoint: ScriptedEndpoint) -> None:
    await endpoint.stop()
    _, error = await collect_failure(make_reply())
    assert not error.permanent
    assert str(error) == "the endpoint can't be reached"


async def test_certificate_and_protocol_are_named(
    endpoint: ScriptedEndpoint, settings: Settings, tmp_path: Path
) -> None:
    with Receiver(tls=self_signed(tmp_path)) as unsigned, Receiver() as plain:
        for port, reason in (
            (unsigned.port, "the endpoint has no valid certificate"),
            (plain.port, "the endpoint does not answer over https"),
        ):
            settings.OPENAI_BASE_URL = f"https://127.0.0.1:{port}/v1"
            _, error = await collect_failure(make_reply())
            assert (str(error), error.permanent) == (reason, False)
        assert unsigned.requests == plain.requests == []


async def test_connect_timeout_is_not_retried(
    endpoint: ScriptedEndpoint, settings: Settings, set_limits: SetLimits
) -> None:
    set_limits(turn_connect_seconds=0.1, turn_retries=9)
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # fill its queue, so that the kernel answers nobody
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        _, error = await collect_failure(make_reply())
    assert str(error) == "the endpoint can't be reached in time"
    assert not error.permanent


async def test_invalid_base_url_is_a_clear_error(
    endpoint: ScriptedEndpoint, settings: Settings
) -> None:
    settings.OPENAI_BASE_URL = "http://[::1/v1"
    _, error = await collect_failure(make_reply())
    assert error.permanent
    assert endpoint.requests == []


@pytest.mark.parametrize("refusal", [scripts.refuse(429), scripts.refuse(503)])
async def test_a_retry_succeeds(endpoint: ScriptedEndpoint, refusal: Script) -> None:
    endpoint.push(refusal, refusal)
    assert (await collect(make_reply()))[0] == "Hello there."
    assert len(endpoint.requests) == 3


async def test_retries_are_bounded(endpoint: ScriptedEndpoint, set_limits: SetLimits) -> None:
    set_limits(turn_retries=0)
    await collect_failure(make_reply(model="openai-chat:429"))
    assert len(endpoint.requests) == 1


async def test_a_short_retry_after_is_waited_for(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(scripts.refuse(429, Retry_After="0.01"))
    assert (await collect(make_reply()))[0] == "Hello there."


async def test_long_retry_after_is_passed_to_the_caller(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(scripts.refuse(429, Retry_After="60"))
    _, error = await collect_failure(make_reply())
    assert error.retry_after == 60
    assert not error.permanent
    assert len(endpoint.requests) == 1


async def test_json_document_is_accepted_instead_of_a_stream(endpoint: ScriptedEndpoint) -> None:
    text, end = await collect(make_reply(model="openai-chat:document"))
    assert text == "In one piece."
    assert (end.input_tokens, end.output_tokens) == (7, 3)


async def test_finish_reason_completes_the_answer_even_if_the_body_continues(
    endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loquent.agents.backends.openai_chat.responses.AFTER_END_SECONDS", 0.02)
    text, _ = await collect(make_reply(model="openai-chat:finish-then-hang"))
    assert text == "All of it."
    await endpoint.requests[0].wait_until_closed()


@pytest.mark.parametrize("events", [
    ({"choices": [{"delta": {"content": "Cut"}, "finish_reason": "length"}]},),
    ({"choices": [{"delta": {"content": "Cut"}, "finish_reason": "content_filter"}]},),
    ({"choices": [{"delta": {"content": "Cut"}}]}, "[DONE]"),
    ({"choices": []}, {"choices": [{"delta": {"content": "Cut"}}]}, "[DONE]", "junk"),
    ({"choices": [{"delta": {"content": "Cut", "tool_calls": [1]}}]}, {"x": 1}, "[DONE]"),
])  # fmt: skip
async def test_accepted_ends_of_a_stream(
    endpoint: ScriptedEndpoint, events: tuple[object, ...]
) -> None:
    endpoint.push(scripts.stream_of(*events))
    assert (await collect(make_reply()))[0] == "Cut"


@pytest.mark.parametrize("event", [
    "[]", "1", "null", "[" * 100_000, "9" * 5_000, '{"choices": [1]}', "NaN", '{"choices":',
    '{"error": "x"}', '{"choices": [{"delta": {"content": 1}}]}', '{"choices": {"a": 1}}',
    '{"choices": [{"delta": []}]}', '{"choices": [{"delta": null, "finish_reason": "stop"}]}',
])  # fmt: skip
async def test_unexpected_events_are_failures_not_crashes(
    endpoint: ScriptedEndpoint, event: str
) -> None:
    endpoint.push(scripts.stream_of(event, "[DONE]"))
    text, error = await collect_failure(make_reply())
    assert text == ""
    assert not str(error).startswith("the backend failed")


async def test_invalid_token_counts_are_ignored(endpoint: ScriptedEndpoint) -> None:
    usage = {"prompt_tokens": -1, "completion_tokens": 2**63}
    endpoint.push(scripts.stream_of(scripts.TEXT, scripts.STOP, {"usage": usage}, "[DONE]"))
    _, end = await collect(make_reply())
    assert (end.input_tokens, end.output_tokens) == (None, None)


async def test_endless_line_is_cut_off(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(scripts.stream_of("x" * 3_000_000))
    _, error = await collect_failure(make_reply())
    assert not error.permanent


async def test_endless_document_is_cut_off(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(scripts.body(b'{"choices": "' + b"x" * 5_000_000))
    _, error = await collect_failure(make_reply())
    assert str(error) == "the endpoint's answer is too long"
    await endpoint.requests[0].wait_until_closed()


THOUGHT = {"choices": [{"delta": {"reasoning_content": "x" * 50_000}}]}


async def test_endless_reasoning_is_cut_off(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(scripts.stream_of(*[THOUGHT] * 400, end=False))
    text, error = await collect_failure(make_reply())
    assert (text, str(error)) == ("", "the endpoint's answer is too long")
    await endpoint.requests[0].wait_until_closed()


def test_reasoning_is_counted_but_not_kept() -> None:
    meter = TokenMeter()
    meter.sent()
    reader = AnswerReader(meter)
    event = f"data: {json.dumps(THOUGHT)}\n\n".encode()
    tracemalloc.start()
    for _ in range(100):
        assert reader.feed(event) == ""
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reader.error is None
    assert kept < 1_000_000
    assert meter.counts(max_output_tokens=10)["output_tokens"] == math.ceil(5_000_000 / 3)
