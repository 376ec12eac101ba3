"""An action that is the tool of an MCP server."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import override_settings

from loquent.agents.actions.calling import call_action
from loquent.agents.actions.results import CallResult
from loquent.agents.actions.spec import ActionParameter, ActionSpec, Risk
from loquent.agents.tests.mcp_server import LOCAL, Exchange, McpServer
from loquent.encryption import encrypt

ALLOWED = override_settings(ACTIONS_ALLOWED_NETWORKS=LOCAL.networks, ACTIONS_ALLOW_HTTP=True)


def spec(server: McpServer, risk: Risk = "write", **more: Any) -> ActionSpec:
    action = ActionSpec(
        id="a1",
        name="cancel_order",
        title="Cancel order",
        description="",
        kind="mcp",
        method="POST",
        url=server.url,
        risk=risk,
        version="1",
        parameters=(
            ActionParameter("order_number"),
            ActionParameter("shop", source="fixed", value="main"),
        ),
        encrypted_secret=encrypt("token-1"),
        encrypted_headers={"X-Shop": encrypt("7")},
    )
    return replace(action, **more)


async def called(action: ActionSpec, **arguments: Any) -> CallResult:
    with ALLOWED:
        return await call_action(action, {"order_number": "NT-7", **arguments}, key="key-1")


async def test_tool_is_called_once_with_the_values_and_secrets_of_the_row() -> None:
    with McpServer().running() as server:
        result = await called(spec(server, response_fields=("status",)))
    assert (result.outcome, result.data) == ("succeeded", {"status": "shipped"})
    (call,) = server.calls()
    assert (call["name"], call["arguments"]) == (
        "cancel_order",
        {"order_number": "NT-7", "shop": "main"},
    )
    sent = next(each.headers for each in server.seen if each.method == "tools/call")
    assert (sent["authorization"], sent["x-shop"], sent["idempotency-key"]) == (
        "Bearer token-1",
        "7",
        "key-1",
    )


async def test_text_that_is_no_json_is_the_result() -> None:
    said = {"content": [{"type": "text", "text": "It left this morning."}]}
    with McpServer(answer=lambda name, arguments: said).running() as server:
        result = await called(spec(server, risk="read"))
    assert result.data == "It left this morning."


@pytest.mark.parametrize(
    ("method", "status", "risk", "outcome"),
    [
        ("tools/call", 500, "write", "unknown"),
        ("tools/call", 500, "read", "failed"),
        ("tools/call", 401, "write", "failed"),
        ("initialize", 500, "write", "failed"),
        ("initialize", 401, "write", "failed"),
    ],
)
async def test_only_a_call_without_an_answer_leaves_open_whether_it_was_carried_out(
    method: str, status: int, risk: Risk, outcome: str
) -> None:
    def refuse(exchange: Exchange) -> bool:
        if exchange.method == method:
            exchange.send(status)
        return exchange.method == method

    with McpServer(breaks=refuse).running() as server:
        result = await called(spec(server, risk))
    assert result.outcome == outcome
    assert "token-1" not in result.reason


async def test_error_of_a_tool_is_a_failure_with_its_words() -> None:
    text = "No such order for token-1"
    said = {"content": [{"type": "text", "text": text}], "isError": True}
    with McpServer(answer=lambda name, arguments: said).running() as server:
        result = await called(spec(server))
    assert result.outcome == "failed"
    assert result.reason == "The tool reported an error: No such order for ***"


async def test_private_address_is_refused_before_anything_is_sent() -> None:
    with McpServer().running() as server:
        for allowed in ({"ACTIONS_ALLOW_HTTP": True}, {}):
            with override_settings(**allowed):
                result = await call_action(spec(server), {"order_number": "7"}, key="")
            assert result.outcome == "refused"
    assert server.seen == []
