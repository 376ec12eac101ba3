"""What each provider's documentation says that it sends, played by a scripted endpoint.

A file of `corpus/` is a provider: what is asked, what the endpoint answers, and what becomes of it.
"""

import itertools
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.exchange import Exchange, Script
from loquent.agents.tests.replies import collect, collect_failure, make_reply, standing_rules
from loquent.agents.types import ChatMessage

FILES = sorted((Path(__file__).parent / "corpus").glob("*.json"))
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in FILES
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
]
PIECE = 7


def play(answer: dict[str, Any], how: str) -> Script:
    """Return the script of an answer; `how` cuts a stream, or changes the ends of its lines."""

    async def script(exchange: Exchange) -> None:
        headers = answer.get("headers", {})
        if "stream" not in answer:
            text = answer["text"] if "text" in answer else json.dumps(answer["document"])
            kind = answer.get("content_type", "application/json")
            await exchange.respond(answer.get("status", 200), text.encode(), kind, **headers)
            return
        await exchange.start_stream()
        for event in answer["stream"]:
            await send(exchange, framed(event), how)
        await exchange.end_body()

    return script


def framed(event: Any) -> str:
    if isinstance(event, str) and event != "[DONE]":
        return event  # with its own frame
    return f"data: {event if event == '[DONE]' else json.dumps(event)}\n\n"


async def send(exchange: Exchange, text: str, how: str) -> None:
    data = text.replace("\n", {"crlf": "\r\n", "cr": "\r"}.get(how, "\n")).encode()
    size = PIECE if how == "pieces" else len(data)
    for start in range(0, len(data), size):
        await exchange.chunk(data[start : start + size])


def conversation(turns: int) -> list[ChatMessage]:
    pairs = ((("user", f"Question {n}"), ("assistant", f"Answer {n}")) for n in range(1, turns + 1))
    return [ChatMessage(role, text) for role, text in itertools.chain(*pairs)][:-1]  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["events", "pieces", "crlf", "cr"])
@pytest.mark.parametrize("case", CASES)
async def test_what_an_endpoint_sends_becomes_the_right_reply(
    endpoint: ScriptedEndpoint, caplog: pytest.LogCaptureFixture, case: dict[str, Any], how: str
) -> None:
    caplog.set_level(logging.INFO)
    ask = dict(case.get("ask", {}))
    messages = conversation(ask.pop("turns", 1))
    model = f"openai-chat:{case['name']}"
    endpoint.push(*(play(answer, how) for answer in case["answers"]))
    expect = case["expect"]
    reply = make_reply(messages, model=model, **ask)
    if "error" in expect:
        text, error = await collect_failure(reply)
        assert expect["error"] in str(error)
        assert error.permanent is expect.get("permanent", False)
        if "retry_after" in expect:
            assert error.retry_after == expect["retry_after"]
        assert not error.is_outage or not error.permanent
    else:
        text, end = await collect(reply)
        assert end.cut == expect.get("cut")
        if "tokens" in expect:
            assert [end.input_tokens, end.output_tokens] == expect["tokens"]
        for word in expect.get("notes", ()):
            assert any(word in note for note in end.notes)
            assert any(word in record.getMessage() for record in caplog.records)
    assert text == expect["text"]
    assert len(endpoint.requests) == expect.get("requests", len(case["answers"]))
    check_request(endpoint.requests[-1].body, messages, expect)
    if expect.get("learnt"):
        # The next reply asks in the right way at once.
        endpoint.push(play(case["answers"][-1], how))
        assert (await collect(make_reply(messages, model=model, **ask)))[0] == text
        assert len(endpoint.requests) == len(case["answers"]) + 1
        check_request(endpoint.requests[-1].body, messages, expect)


def check_request(
    body: dict[str, Any], messages: list[ChatMessage], expect: dict[str, Any]
) -> None:
    # The newest question is always asked; a prompt in the visitor's name stands before it.
    assert body["messages"][-1]["content"].endswith(messages[-1].content)
    for name, value in expect.get("sent", {}).items():
        assert body.get(name) == value
    if "roles" in expect:
        assert [line["role"] for line in body["messages"]] == expect["roles"]
    if "first" in expect:
        first = expect["first"].replace("{rule}", standing_rules(messages[-1].content))
        assert body["messages"][0]["content"] == first


def test_the_corpus_has_every_provider_that_the_docs_name() -> None:
    assert {json.loads(path.read_text(encoding="utf-8"))["provider"] for path in FILES} == {
        "OpenAI", "Azure OpenAI", "Anthropic", "Gemini", "Mistral", "OpenRouter", "Groq", "Ollama",
        "vLLM", "llama.cpp", "LM Studio", "Gateways",
    }  # fmt: skip
