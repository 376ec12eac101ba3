"""A model calls a person by a tool, and models that accept no tools still answer."""

from typing import Any

import pytest

from loquent.agents.backends.registry import backend_for
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import refuse, stream_of, tokens
from loquent.agents.tests.replies import collect, collect_failure, make_reply

USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}


def delta(**message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": message}]}


def end(reason: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def call(name: str, arguments: str = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"index": 0, "id": "call_1", "type": "function", "function": function}


CALLS = {
    "call alone": [
        delta(role="assistant", content=None, tool_calls=[call("ask_person")]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"reason": "refund"}'}}]),
        end("tool_calls"),
        USAGE,
        "[DONE]",
    ],
    "empty content": [
        delta(content="", tool_calls=[call("ask_person", "{}")]),
        end("stop"),
        "[DONE]",
    ],
    "name in pieces": [
        delta(tool_calls=[call("ask_")]),
        delta(tool_calls=[{"index": 0, "function": {"name": "person"}}]),
        end("tool_calls"),
        "[DONE]",
    ],
    "older field": [delta(function_call={"name": "ask_person"}), end("function_call"), "[DONE]"],
}


@pytest.mark.parametrize("script", CALLS.values(), ids=CALLS.keys())
async def test_call_without_text_ends_the_answer(
    endpoint: ScriptedEndpoint, script: list[Any]
) -> None:
    endpoint.push(stream_of(*script))
    text, ended = await collect(make_reply(can_ask_person=True))
    assert (text, ended.wants_person, ended.outcome) == ("", True, "answered")
    [request] = endpoint.requests
    assert request.body["tools"][0]["function"]["name"] == "ask_person"


async def test_text_before_the_call_is_kept(endpoint: ScriptedEndpoint) -> None:
    script = [delta(content="One moment."), *CALLS["call alone"]]
    endpoint.push(stream_of(*script))
    text, ended = await collect(make_reply(can_ask_person=True))
    assert (text, ended.wants_person) == ("One moment.", True)
    assert (ended.input_tokens, ended.output_tokens) == (7, 5)


async def test_whole_document_with_a_call_is_read(endpoint: ScriptedEndpoint) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [call("ask_person", "{}")]}
    document = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}

    async def script(exchange: Any) -> None:
        import json

        await exchange.respond(200, json.dumps(document).encode())

    endpoint.push(script)
    text, ended = await collect(make_reply(can_ask_person=True))
    assert (text, ended.wants_person) == ("", True)


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [call("delete_account", "{}")]},
        {"tool_calls": "ask_person"},
        {"tool_calls": [None, 5, {"function": "ask_person"}, {"function": {"name": 5}}]},
        {"function_call": "ask_person"},
    ],
)
async def test_other_calls_are_no_answer(
    endpoint: ScriptedEndpoint, message: dict[str, Any]
) -> None:
    endpoint.push(stream_of(delta(**message), end("tool_calls"), "[DONE]"))
    text, error = await collect_failure(make_reply(can_ask_person=True))
    assert (text, str(error)) == ("", "the endpoint's answer has no text")


async def test_no_tool_is_sent_unless_a_person_can_be_called(endpoint: ScriptedEndpoint) -> None:
    await collect(make_reply())
    assert "tools" not in endpoint.requests[0].body


REFUSALS = [
    (400, "registry.ollama.ai/library/gemma2:2b does not support tools"),
    (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    (500, "tools param requires --jinja flag"),
    (404, "No endpoints found that support tool use. To learn more about provider routing, visit"),
    (400, "`tool calling` is not supported with this model"),
    (422, "Unrecognized request argument supplied: tools"),
    (400, "Function calling is not enabled for models/gemma-3"),
    (501, "Tools are not implemented."),
    (400, "Bad Request"),
    (422, "extra fields not permitted"),
]


@pytest.mark.parametrize(("status", "words"), REFUSALS)
async def test_model_without_tools_answers_and_is_remembered(
    endpoint: ScriptedEndpoint, status: int, words: str
) -> None:
    model = f"openai-chat:no-tools-{abs(hash((status, words)))}"
    endpoint.push(refuse(status, words), tokens("Hello."), tokens("Again."))
    for expected in ("Hello.", "Again."):
        text, ended = await collect(make_reply(model=model, can_ask_person=True))
        assert (text, ended.wants_person) == (expected, False)
    assert ["tools" in request.body for request in endpoint.requests] == [True, False, False]
    note = "This model does not accept tools, so it cannot call a person by itself."
    assert ended.notes == (note,)
    assert backend_for("openai-chat").notes(model.partition(":")[2]) == (note,)


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "Invalid API key"), (404, "The model does not exist"), (403, "Not allowed")],
)
async def test_other_refusals_teach_nothing_about_tools(
    endpoint: ScriptedEndpoint, status: int, words: str
) -> None:
    endpoint.push(refuse(status, words))
    await collect_failure(make_reply(model="openai-chat:gone", can_ask_person=True))
    assert len(endpoint.requests) == 1
    assert backend_for("openai-chat").notes("gone") == ()


async def test_error_in_an_accepted_answer_is_not_asked_again(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(stream_of({"error": {"message": "Overloaded"}}))
    await collect_failure(make_reply(model="openai-chat:late", can_ask_person=True))
    assert len(endpoint.requests) == 1


async def test_failure_of_both_requests_is_not_remembered(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(refuse(400, "No."), refuse(400, "No."), tokens("Hello."))
    await collect_failure(make_reply(model="openai-chat:moody", can_ask_person=True))
    await collect(make_reply(model="openai-chat:moody", can_ask_person=True))
    assert ["tools" in request.body for request in endpoint.requests] == [True, False, True]
