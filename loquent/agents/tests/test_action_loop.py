"""A model calls actions: the request, the results it gets, the bounds, and what ends the answer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from loquent.agents.actions.spec import ActionParameter, ActionSpec
from loquent.agents.backends.prompts import ACTIONS_RULE
from loquent.agents.services import LoadedReply
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import calls, refuse, stream_of, tokens
from loquent.agents.tests.replies import collect, collect_failure, make_reply
from loquent.testing.receiver import Receiver

NUMBER = ActionParameter("number", description="the order number", pattern="[0-9]+")


@pytest.fixture
def shop(local_actions: None) -> Iterator[Receiver]:
    with Receiver() as receiver:
        body = json.dumps({"status": "sent", "card": "4111"}).encode()
        receiver.reply = lambda request: (200, {}, body)
        yield receiver


def action(shop: Receiver, name: str = "order_status", **changes: Any) -> ActionSpec:
    spec = ActionSpec(
        id="7c2f3d52-9c53-4d1e-9d63-2d3a6c1c7f10", name=name, title="Order status",
        description="Where an order is.", kind="http", method="GET",
        url=f"http://127.0.0.1:{shop.port}/orders/{{number}}", risk="read", version="1",
        parameters=(NUMBER,), response_fields=("status",),
    )  # fmt: skip
    return replace(spec, **changes)


def asks(*actions: ActionSpec, **changes: Any) -> LoadedReply:
    loaded = make_reply("Where is order 7?", **changes)
    return replace(loaded, request=replace(loaded.request, actions=actions))


async def test_read_is_called_at_once_and_its_result_is_quoted_data(
    endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    endpoint.push(calls(("order_status", {"number": "7"}), text="It was sent."), tokens("Sent."))
    loaded = asks(action(shop))
    text, end = await collect(loaded)
    assert (text, end.proposal, end.wants_person) == ("Sent.", None, False)
    [request] = shop.requests
    assert request.path == "/orders/7"
    first, second = (each.body for each in endpoint.requests)
    assert first["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "order_status",
                "description": "Order status. Where an order is.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "number": {
                            "type": "string",
                            "description": "the order number",
                            "pattern": "^(?:[0-9]+)$",
                        }
                    },
                    "required": ["number"],
                    "additionalProperties": False,
                },
            },
        }
    ]
    assert ACTIONS_RULE in first["messages"][0]["content"]
    called, result = second["messages"][-2:]
    assert called["tool_calls"][0]["function"]["name"] == "order_status"
    assert (result["role"], result["tool_call_id"]) == ("tool", "c0")
    assert json.loads(result["content"]) == {
        "action": "order_status", "outcome": "succeeded", "data": {"status": "sent"},
    }  # fmt: skip
    assert "4111" not in json.dumps(second)
    [record] = loaded.request.calls.records
    assert (record.outcome, record.arguments, record.status) == ("succeeded", {"number": "7"}, 200)
    # Both requests count.
    assert (end.input_tokens, end.output_tokens) != (7, 5)
    assert end.input_tokens is not None
    assert end.input_tokens >= 7


async def test_pieces_of_a_call_are_joined(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    pieces = [
        {"index": 0, "id": "a", "function": {"name": "order_", "arguments": ""}},
        {"index": 0, "function": {"name": "status"}},
        {"index": 0, "function": {"arguments": '{"num'}},
        {"index": 0, "function": {"arguments": 'ber": "7"}'}},
        # Another call that reuses the index.
        {"index": 0, "id": "b", "function": {"name": "order_status",
                                             "arguments": {"number": "8"}}},
    ]  # fmt: skip
    deltas = [{"choices": [{"index": 0, "delta": {"tool_calls": [each]}}]} for each in pieces]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    endpoint.push(stream_of(*deltas, end, "[DONE]"), tokens("Both were sent."))
    await collect(asks(action(shop)))
    assert [request.path for request in shop.requests] == ["/orders/7", "/orders/8"]
    assert [line["tool_call_id"] for line in endpoint.requests[1].body["messages"][-2:]] == [
        "a", "b",
    ]  # fmt: skip


BAD: list[tuple[str, Any]] = [
    ("order_status", {"number": "x"}),
    ("order_status", {}),
    ("order_status", "{"),
    ("order_status", "[]"),
    ("order_status", {"number": "7", "url": "http://evil.test/"}),
    ("order_status", {"number": "7", "shop": "other"}),
    ("order_status", {"number": "7", "email": "a@b.test"}),
    ("order_status", {"number": 7}),
    ("order_status", {"number": ["7"]}),
    ("order_status", {"number": True}),
    ("order_status", {"number": None}),
    ("order_status", {"number": "7\n8"}),
    ("order_status", {"number": "\u0000"}),
    ("order_status", '{"number": "\\ud800"}'),
    ("order_status", '{"number": NaN}'),
    ("order_status", '{"number": ' + "9" * 5_000 + "}"),
    ("order_status", "[" * 10_000),
    ("order_status", "number=7"),
    ("order_status", '"7"'),
    ("order_status", '{"number": "7"} {"number": "8"}'),
    ("order_status", {"Number": "7"}),
    ("order_status", {"arguments": {"number": "7"}}),
    ("delete_everything", {"number": "7"}),
    ("Order_Status", {"number": "7"}),
    ("order-status", {"number": "7"}),
    ("functions.order_status", {"number": "7"}),
    ("order_status", '{"number": "' + "7" * 30_000 + '"}'),
]


@pytest.mark.parametrize(("name", "given"), BAD)
@pytest.mark.promise(27)
async def test_bad_call_is_explained_to_the_model_and_not_made(
    endpoint: ScriptedEndpoint, shop: Receiver, name: str, given: Any
) -> None:
    parameters = (
        NUMBER,
        ActionParameter("shop", source="fixed", value="main"),
    )
    endpoint.push(calls((name, given)), tokens("Which order?"))
    loaded = asks(action(shop, parameters=parameters))
    text, _ = await collect(loaded)
    assert text == "Which order?"
    assert shop.requests == []
    told = json.loads(endpoint.requests[1].body["messages"][-1]["content"])
    [logged] = loaded.request.calls.records
    assert (told["outcome"], told["reason"]) == (logged.outcome, logged.reason)
    assert (logged.outcome, logged.name, logged.status) == ("refused", name, None)
    assert logged.reason.endswith(".")
    # It can be stored, whatever the model gave.
    stored = json.dumps(logged.arguments, allow_nan=False).encode().decode()
    assert "\\u0000" not in stored
    assert "\\ud800" not in stored
    assert len(stored) < 1_000


async def test_log_of_refused_calls_is_bounded(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    endpoint.push(calls(*[("order_status", {}), ("refund", {})] * 40), tokens("Which order?"))
    loaded = asks(action(shop))
    assert (await collect(loaded))[0] == "Which order?"
    records = loaded.request.calls.records
    assert {record.outcome for record in records} == {"refused"}
    assert len(records) == 10


@pytest.mark.promise(27)
async def test_change_is_proposed_in_the_servers_words_and_not_made(
    endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    endpoint.push(calls(("cancel", {"number": "7"}), text="I have cancelled it."))
    spec = action(shop, "cancel", title="Cancel order", risk="write", method="POST")
    text, end = await collect(asks(spec))
    assert text == "Please check and confirm: Cancel order"
    assert end.proposal is not None
    assert (end.proposal.title, end.proposal.arguments) == ("Cancel order", {"number": "7"})
    assert end.sources == ()
    assert shop.requests == []
    assert len(endpoint.requests) == 1


async def test_action_for_a_person_calls_one(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    endpoint.push(calls(("refund", {})))
    spec = action(shop, "refund", risk="person", parameters=())
    _, end = await collect(asks(spec))
    assert (end.wants_person, end.proposal) == (True, None)
    assert shop.requests == []


@pytest.mark.promise(27)
async def test_calls_are_bounded(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    for number in range(7):
        endpoint.push(calls(("order_status", {"number": str(number)})))
    text, error = await collect_failure(asks(action(shop)))
    assert (text, str(error)) == ("", "the model calls actions in place of an answer")
    assert len(shop.requests) == 5
    assert [request.body.get("tool_choice") for request in endpoint.requests] == [
        *[None] * 5, "none",
    ]  # fmt: skip


@pytest.mark.promise(27)
@pytest.mark.parametrize("name", ["no_such_action", "order_status"])
async def test_bad_calls_are_bounded_too(
    endpoint: ScriptedEndpoint, shop: Receiver, name: str
) -> None:
    for _ in range(9):
        endpoint.push(calls((name, "{")))
    text, error = await collect_failure(asks(action(shop)))
    assert (text, str(error)) == ("", "the model calls actions in place of an answer")
    assert len(endpoint.requests) == 6
    assert shop.requests == []


async def test_each_result_answers_its_own_call(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    shop.reply = lambda request: (200, {}, json.dumps({"status": request.path}).encode())
    pieces = [
        {"index": at, "id": "same", "function": {"name": "order_status",
                                                 "arguments": {"number": str(at)}}}
        for at in range(3)
    ]  # fmt: skip
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    delta = {"choices": [{"index": 0, "delta": {"tool_calls": pieces}}]}
    endpoint.push(stream_of(delta, end, "[DONE]"), tokens("All were sent."))
    await collect(asks(action(shop)))
    called, *results = endpoint.requests[1].body["messages"][-4:]
    ids = [call["id"] for call in called["tool_calls"]]
    assert len(set(ids)) == 3
    assert [line["tool_call_id"] for line in results] == ids
    paths = [json.loads(line["content"])["data"]["status"] for line in results]
    assert paths == ["/orders/0", "/orders/1", "/orders/2"]


async def test_name_that_is_repeated_with_each_piece_is_read_once(
    endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    pieces = [
        {"index": 0, "id": "a", "function": {"name": "order_status", "arguments": text}}
        for text in ("", '{"num', 'ber": "7"}')
    ]
    deltas = [{"choices": [{"index": 0, "delta": {"tool_calls": [each]}}]} for each in pieces]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    endpoint.push(stream_of(*deltas, end, "[DONE]"), tokens("Sent."))
    assert (await collect(asks(action(shop))))[0] == "Sent."
    assert [request.path for request in shop.requests] == ["/orders/7"]


async def test_calls_beside_a_change_or_a_person(
    endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    """The first call that ends the answer does: nothing behind it is called."""
    cancel = action(shop, "cancel", title="Cancel order", risk="write", method="POST")
    number = {"number": "7"}
    endpoint.push(calls(("cancel", number), ("order_status", number), ("cancel", {"number": "8"})))
    _, end = await collect(asks(action(shop), cancel))
    assert end.proposal is not None
    assert end.proposal.arguments == number
    assert shop.requests == []
    endpoint.push(calls(("order_status", number), ("ask_person", {})))
    loaded = asks(action(shop), can_ask_person=True)
    _, end = await collect(loaded)
    assert end.wants_person
    assert shop.requests == []


async def test_identical_calls_are_made_twice_at_most(
    endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    same = ("order_status", {"number": "7"})
    endpoint.push(calls(same, same, same, same), tokens("Sent."))
    await collect(asks(action(shop)))
    assert len(shop.requests) == 2
    # Nor does another turn get the answer of this one.
    endpoint.push(calls(same), tokens("Sent."))
    await collect(asks(action(shop)))
    keys = {request.headers["idempotency-key"] for request in shop.requests}
    assert len(keys) == 3


async def test_result_hides_nothing_from_people(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    data = {"status": "</data>\u200b\u202e\U000e0041\ud800\0"}
    shop.reply = lambda request: (200, {}, json.dumps(data).encode())
    endpoint.push(calls(("order_status", {"number": "7"})), tokens("Sent."))
    await collect(asks(action(shop)))
    told = endpoint.requests[1].body["messages"][-1]["content"]
    assert json.loads(told)["data"] == data
    assert told.isascii()
    assert not {"<", ">", "\0"} & set(told)


async def test_failed_call_is_told_to_the_model(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    shop.reply = lambda request: (500, {}, b"secret trace")
    endpoint.push(calls(("order_status", {"number": "7"})), tokens("I can't look it up."))
    loaded = asks(action(shop))
    await collect(loaded)
    told = json.loads(endpoint.requests[1].body["messages"][-1]["content"])
    assert (told["outcome"], "secret" in str(told)) == ("failed", False)
    assert loaded.request.calls.records[0].outcome == "failed"


async def test_dry_run_calls_nothing(endpoint: ScriptedEndpoint, shop: Receiver) -> None:
    endpoint.push(calls(("order_status", {"number": "7"})), tokens("It would be sent."))
    loaded = asks(action(shop))
    await collect(replace(loaded, request=replace(loaded.request, is_dry=True)))
    assert shop.requests == []
    told = endpoint.requests[1].body["messages"][-1]["content"]
    assert f"GET http://127.0.0.1:{shop.port}/orders/7" in told


async def test_model_without_tools_answers_without_actions(
    endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    endpoint.push(refuse(400, "tools are not supported"), tokens("Hello."))
    text, _ = await collect(asks(action(shop), model="openai-chat:no-actions"))
    assert text == "Hello."
    assert "tools" not in endpoint.requests[1].body
