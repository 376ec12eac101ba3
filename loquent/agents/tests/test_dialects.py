"""What is learnt from refusals, how long it is kept, and what never teaches anything."""

import json
import logging

import pytest

from loquent.agents.backends.openai_chat.complaints import Complaint
from loquent.agents.backends.registry import backend_for
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import refuse, stream_of, tokens
from loquent.agents.tests.exchange import Exchange
from loquent.agents.tests.replies import collect, collect_failure, make_reply
from loquent.agents.types import ChatMessage

TEMPERATURE = "Unsupported parameter: 'temperature' is not supported with this model."


def complaint(message: str, status: int = 400) -> Complaint:
    return Complaint(json.dumps({"error": {"message": message}}).encode(), status)


async def test_learnt_refusals_are_logged_once_and_shown_to_staff(
    endpoint: ScriptedEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    endpoint.push(refuse(400, TEMPERATURE))
    for _ in range(3):
        _, end = await collect(make_reply(model="openai-chat:fixed", temperature=0.5))
        assert end.notes == ("This model does not accept a temperature, so it is not sent.",)
    assert backend_for("openai-chat").notes("fixed") == end.notes
    assert backend_for("openai-chat").notes("another") == ()
    [record] = caplog.records
    assert record.getMessage() == (
        "Learnt about the model 'fixed': This model does not accept a temperature, so it is not "
        "sent."
    )
    assert len(endpoint.requests) == 4


async def test_refusals_of_one_model_do_not_change_requests_to_another(
    endpoint: ScriptedEndpoint,
) -> None:
    endpoint.push(refuse(400, TEMPERATURE))
    await collect(make_reply(model="openai-chat:fixed-2", temperature=0.5))
    await collect(make_reply(model="openai-chat:free", temperature=0.5))
    assert endpoint.requests[-1].body["temperature"] == 0.5


async def test_unsuccessful_change_is_not_remembered(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(refuse(400, TEMPERATURE), refuse(400, "No."))
    await collect_failure(make_reply(model="openai-chat:broken", temperature=0.5))
    await collect(make_reply(model="openai-chat:broken", temperature=0.5))
    assert endpoint.requests[-1].body["temperature"] == 0.5


async def test_attempts_are_bounded_if_the_endpoint_refuses_everything(
    endpoint: ScriptedEndpoint,
) -> None:
    endpoint.push(*[refuse(400, "The context length is exceeded.")] * 40)
    messages = [ChatMessage("user", "x" * 90)] * 2_000
    _, error = await collect_failure(make_reply(messages, max_output_tokens=4_096))
    assert error.permanent
    assert "too long" in str(error)
    assert len(endpoint.requests) <= 13


async def test_context_too_small_for_one_message_is_a_clear_failure(
    endpoint: ScriptedEndpoint,
) -> None:
    endpoint.push(*[refuse(400, "The context length is exceeded.")] * 40)
    _, error = await collect_failure(make_reply("Hi", max_output_tokens=100))
    assert str(error) == (
        "the endpoint answered HTTP 400: the conversation is too long for the model"
    )
    assert len(endpoint.requests) == 1


async def test_shorter_conversation_is_later_sent_completely(endpoint: ScriptedEndpoint) -> None:
    long = [ChatMessage(role, "x" * 3_000) for role in ("user", "assistant") * 4][:-1]
    endpoint.push(refuse(400, "maximum context length"))
    await collect(make_reply(long, model="openai-chat:small"))
    await collect(make_reply(long[-3:], model="openai-chat:small"))
    counts = [len(request.body["messages"]) for request in endpoint.requests]
    assert counts == [8, 4, 4]
    assert endpoint.requests[1].body["messages"][-1]["content"] == "x" * 3_000


async def test_missing_opening_tag_is_remembered_per_model(
    endpoint: ScriptedEndpoint,
) -> None:
    pieces = (
        {"choices": [{"delta": {"content": text}}]} for text in ("Hm.", "\n</think>\n", "Yes")
    )
    script = stream_of(*pieces, "[DONE]")
    endpoint.push(tokens("Hm.", "\n</think>\n", "Yes"), script)
    for _ in range(2):
        text, end = await collect(make_reply(model="openai-chat:template"))
        assert text == "Yes"
    assert "reasoning" in end.notes[0]
    # One that no longer does is streamed as usual again.
    for _ in range(2):
        text, end = await collect(make_reply(model="openai-chat:template"))
        assert text == "Hello there."
    assert end.notes == ()


@pytest.mark.parametrize("message", [
    "Internal server error", "Invalid API key", "The model is overloaded", "Not found", "",
    "Invalid JSON", "messages: at least one message is required", "stream must be a boolean",
])  # fmt: skip
async def test_other_refusals_do_not_change_the_dialect(
    endpoint: ScriptedEndpoint, message: str
) -> None:
    endpoint.push(refuse(400, message))
    reply = make_reply(instructions="Be kind.", temperature=0.5)
    await collect_failure(reply)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
async def test_other_statuses_do_not_change_the_dialect(
    endpoint: ScriptedEndpoint, status: int
) -> None:
    endpoint.push(*[refuse(status, TEMPERATURE)] * 3)
    await collect_failure(make_reply(temperature=0.5))
    assert {request.body["temperature"] for request in endpoint.requests} == {0.5}


@pytest.mark.parametrize("message", [
    "This model's maximum context length is 4097 tokens.", "context_length_exceeded",
    "Requested token count exceeds the model's maximum context length", "prompt is too long",
    "Input is too long for requested model.", "too many tokens", "Prompt too long",
    "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens",
    "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000",
    "The input token count (40000) exceeds the maximum number of tokens allowed (32768).",
    "number of input tokens (204703) has exceeded max_prompt_tokens (202752) limit.",
    "Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)", "Context size has been exceeded.",
    "Your input exceeds the context window of this model. Please adjust your input.",
    "input length exceeds context length", "Please reduce the length of the messages.",
    "Requested tokens (2285) exceed context window of 2048",
    "The prompt is 5000 tokens, which exceeds the limit", "Token limit exceeded",
    "Range of input length should be [1, 30720]", "Total message token length exceed model limit",
    "Your request exceeded model token limit: 8192 (requested: 9000)", "Context overflow",
    "total tokens (9000) exceeds model's maximum (8192)", "输入长度超过模型最大长度限制",
    "the request exceeds the model's context",
])  # fmt: skip
def test_each_wording_of_a_small_context_is_recognised(message: str) -> None:
    assert complaint(message).is_too_long


@pytest.mark.parametrize("message", [
    "System role not supported", "Unexpected role \"system\".", "system messages are not supported",
    "'messages[0].role' does not support 'system' with this model", "Invalid role: system",
    "Only user and assistant roles are supported!", "got system", "system prompt is not allowed",
    "Developer instruction is not enabled for models/gemma-3-4b-it", "roles must alternate",
    "This model does not support system instructions", "Unknown role: system",
    "messages[0].role must be one of user, assistant", "First message must be from user",
    "'system' is not one of ['user', 'assistant'] - 'messages.0.role'", "不支持system角色",
])  # fmt: skip
def test_each_wording_of_a_missing_system_role_is_recognised(message: str) -> None:
    expected = None if message == "got system" else "user"
    assert complaint(message).role_for_prompt("system") == expected


@pytest.mark.parametrize(("document", "field", "value"), [
    ({"message": "property 'stream_options' is unsupported"}, "stream_options", None),
    ({"message": "Unrecognized request argument supplied: stream_options"}, "stream_options", None),
    ({"message": "extraneous key [streamOptions] is not permitted"}, "stream_options", None),
    ({"message": "stream options are not supported"}, "stream_options", None),
    ({"errors": {"stream_options": ["Unknown field."]}}, "stream_options", None),
    ({"errors": {"$.stream_options": ["It could not be mapped."]}}, "stream_options", None),
    ({"errors": {"temperature": ["This is not allowed."]}}, "temperature", None),
    ({"message": "`temperature` is deprecated for this model."}, "temperature", None),
    ({"message": "参数temperature不支持"}, "temperature", None),
    ({"message": "temperature must be <= 1.0"}, "temperature", 1.0),
    ({"message": "max_tokens参数非法：取值范围[1,4095]"}, "max_tokens", 4095),
    ({"message": "Range of max_tokens should be [1, 8192]"}, "max_tokens", 8192),
    ({"message": "maxTokens must be between 1 and 4000"}, "max_tokens", 4000),
    ({"message": "max_new_tokens must be <= 2048. Given: 16384"}, "max_tokens", 2048),
    ({"message": "max_tokens (16384) exceeds 8,192"}, "max_tokens", 8192),
    ({"message": "too many tokens: max tokens must be less than or equal to 4096"},
     "max_tokens", 4096),
    ({"message": "The maximum tokens you requested exceeds the model limit of 4096."},
     "max_tokens", 4096),
    ({"message": "Stream mode not supported"}, "stream", False),
    ({"message": "stream=true is not supported"}, "stream", False),
    ({"message": "Your organization must be verified to stream this model."}, "stream", False),
])  # fmt: skip
async def test_each_wording_changes_the_field_that_it_names(
    endpoint: ScriptedEndpoint, document: dict[str, object], field: str, value: object
) -> None:
    body = json.dumps({"error": document} if "message" in document else document).encode()

    async def script(exchange: Exchange) -> None:
        await exchange.respond(400, body)

    endpoint.push(script)
    reply = make_reply(model=f"openai-chat:{document}", temperature=1.5, max_output_tokens=16_384)
    await collect(reply)
    assert len(endpoint.requests) == 2
    before, after = (request.body for request in endpoint.requests)
    assert after.get(field) == value
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed == {field} | ({"stream_options"} if field == "stream" else set())


@pytest.mark.parametrize("message", [
    "After the optional system message, conversation roles must alternate user/assistant",
    "system overload, role unknown", "The file system is full",
])  # fmt: skip
def test_other_sentences_with_system_are_not_recognised(message: str) -> None:
    assert complaint(message).role_for_prompt("system") is None
