"""Tools of MCP servers become actions: on the admin's page, and from their schemas."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from loquent.agents.actions.mcp_schema import parameters_of
from loquent.agents.actions.parameters import FieldError
from loquent.agents.agent_action import AgentAction
from loquent.agents.models import TextAgent
from loquent.agents.services.actions import save_action
from loquent.agents.tests.mcp_server import SCHEMA, TOOLS, McpServer
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent

HIDDEN = "s3cr3t-value"
LISTS = {
    "type": "object",
    "properties": {"items": {"type": "array"}},
    "required": ["items"],
}


@pytest.fixture
def agent(acme: Organization, local_actions: None) -> TextAgent:
    return make_agent(acme)


def action(agent: TextAgent, url: str, **more: Any) -> AgentAction:
    data = {"name": "shop", "title": "Shop", "kind": "mcp", "url": url, "secret": HIDDEN, **more}
    return save_action(AgentAction(agent=agent), data)


def page(row: AgentAction, name: str) -> str:
    return reverse(f"admin:agents_agentaction_{name}", args=[row.pk])


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.mark.django_db
def test_chosen_tool_fills_in_name_description_and_values(
    client: Client, alice: User, agent: TextAgent
) -> None:
    client.force_login(alice)
    tools = [
        *TOOLS,
        {"name": "sort.items", "inputSchema": SCHEMA},
        {"name": "b", "inputSchema": LISTS},
    ]
    with McpServer(tools=tools).running() as server:
        row = action(agent, server.url)
        assert "Choose one of the server" in client.get(page(row, "change")).content.decode()
        shown = client.post(page(row, "tools"))
        text = shown.content.decode()
        assert [each.name for each in shown.context["tools"]] == [each["name"] for each in tools]
        assert text.count('name="tool"') == 2
        assert "Its name contains characters that models don" in text
        assert "The argument items can" in text
        assert HIDDEN not in text
        taken = client.post(page(row, "tools"), {"tool": "order_status"}, follow=True)
        assert told(taken) == [
            "The action calls order_status now. Check its description and values."
        ]
        row.refresh_from_db()
        assert (row.name, row.description, row.risk) == (
            "order_status",
            "Where is my order?",
            "read",
        )
        [number] = row.parameters
        assert (number["name"], number["description"], number["required"]) == (
            "order_number",
            "As in the letter",
            True,
        )
        # It does not say that it only reads.
        taken = client.post(page(row, "tools"), {"tool": "cancel_order"}, follow=True)
        assert "visitors confirm it first" in told(taken)[0]
        row.refresh_from_db()
        assert (row.name, row.description, row.risk) == (
            "cancel_order",
            "Where is my order?",
            "write",
        )
        for name, sentence in (
            ("gone", "The server no longer has this tool."),
            ("b", "The argument items can't be asked for."),
        ):
            refused = client.post(page(row, "tools"), {"tool": name}, follow=True)
            assert told(refused)[0].startswith(sentence)
    away = client.post(page(row, "tools"), follow=True)
    assert told(away) == ["Nothing answers at this address. Check its spelling."]
    row.refresh_from_db()
    assert row.name == "cancel_order"
    assert {each.headers["authorization"] for each in server.seen} == {f"Bearer {HIDDEN}"}


@pytest.mark.django_db
def test_tools_are_listed_only_by_who_may_change_the_action(
    client: Client, alice: User, bob: User, charlie: User, agent: TextAgent
) -> None:
    with McpServer().running() as server:
        row = action(agent, server.url)
        for other in (bob, charlie):
            client.force_login(other)
            assert client.post(page(row, "tools")).status_code in {403, 404}
        client.force_login(alice)
        assert client.get(page(row, "tools")).status_code == 405
        http = action(agent, server.url, kind="http", name="other")
        assert client.post(page(http, "tools")).status_code == 404
    assert server.seen == []


@pytest.mark.django_db
def test_rest_lists_tools_with_the_values_of_an_action_that_calls_them(
    agent: TextAgent, acme_key: str, api: Callable[..., APIClient]
) -> None:
    client = api(acme_key)
    tools = [*TOOLS, {"name": "b", "inputSchema": LISTS}]
    with McpServer(tools=tools).running() as server:
        row = action(agent, server.url)
        address = f"/api/v1/agents/{agent.id}/actions/{row.id}/"
        listed = client.get(f"{address}tools/")
        assert listed.status_code == 200
        assert HIDDEN not in listed.content.decode()
        status, cancel, other = listed.json()["tools"]
        assert (status["name"], status["is_lookup"], status["problem"]) == (
            "order_status", True, "",
        )  # fmt: skip
        assert (cancel["title"], cancel["is_lookup"]) == ("cancel_order", False)
        assert "items" in other["problem"]
        chosen = {name: status[name] for name in ("name", "title", "description", "parameters")}
        changed = client.patch(address, chosen).json()
        assert {name: changed[name] for name in chosen} == chosen
    away = client.get(f"{address}tools/")
    assert (away.status_code, away.json()["message"]) == (
        409, "Nothing answers at this address. Check its spelling.",
    )  # fmt: skip
    http = action(agent, "https://shop.example.com/", kind="http", name="other")
    other_kind = client.get(f"/api/v1/agents/{agent.id}/actions/{http.id}/tools/")
    assert (other_kind.status_code, other_kind.json()["code"]) == (409, "conflict")


def schema(required: bool = True, **part: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"a": part},
        "required": ["a"] if required else [],
        "$defs": {"Size": {"enum": ["s", "m"], "type": "string"}, "Loop": {"$ref": "#/$defs/Loop"}},
    }


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ({"type": "string"}, {"type": "string"}),
        ({"type": "integer", "description": " An  id "}, {"description": "An id"}),
        ({"type": "number"}, {"type": "number"}),
        ({"type": "boolean"}, {"type": "boolean"}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"type": "integer"}),
        (
            {"oneOf": [{"type": "null"}, {"type": "string"}], "description": "x"},
            {"description": "x"},
        ),
        ({"$ref": "#/$defs/Size"}, {"type": "string", "enum": ["s", "m"]}),
        ({"anyOf": [{"$ref": "#/$defs/Size"}, {"type": "null"}]}, {"enum": ["s", "m"]}),
        ({"enum": ["x", None]}, {"type": "string", "enum": ["x"]}),
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"type": "integer", "enum": [1, 2]}, {"enum": [1, 2]}),
        ({"type": "string", "pattern": "^[0-9]+$"}, {"pattern": "^[0-9]+$"}),
        ({"type": "string", "pattern": "[0-9]"}, {"pattern": ".*(?:[0-9]).*"}),
        ({"type": "string", "pattern": "^(?=a)"}, {"pattern": ""}),
        ({"type": "integer", "pattern": "[0-9]"}, {"pattern": ""}),
        ({"type": "string", "description": "x" * 900}, {"description": "x" * 300}),
    ],
)
def test_schema_of_an_argument_becomes_a_parameter(
    part: dict[str, Any], wanted: dict[str, Any]
) -> None:
    [row] = parameters_of(schema(**part))
    assert {name: row[name] for name in wanted} == wanted
    assert (row["required"], row["source"]) == (True, "visitor")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "array"},
        {"type": "object"},
        {"type": ["string", "integer"]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"$ref": "#/$defs/Loop"},
        {"$ref": "#/$defs/None"},
        {"$ref": "https://evil.example/schema"},
        {},
        {"enum": [1, "a"]},
        {"type": "integer", "enum": ["a"]},
    ],
)
def test_argument_of_another_form_is_left_out_or_prevents_the_tool(part: dict[str, Any]) -> None:
    assert parameters_of(schema(required=False, **part)) == []
    with pytest.raises(FieldError, match="The argument a can't be asked for"):
        parameters_of(schema(**part))


def test_odd_schemas_have_no_parameters() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"properties": []},
        {"properties": {"a-b": {"type": "string"}}},
    ]
    for each in [*odd, {"properties": {"a": None}}, {"properties": {}, "required": "a"}]:
        assert parameters_of(each) == []
    with pytest.raises(FieldError, match="not described"):
        parameters_of({"required": ["a"]})
    many = {f"a{at}": {"type": "string"} for at in range(30)}
    rows = parameters_of({"properties": many, "required": ["a29"]})
    assert (len(rows), rows[0]["name"]) == (20, "a29")
    with pytest.raises(FieldError, match="more than 20"):
        parameters_of({"properties": many, "required": list(many)})
