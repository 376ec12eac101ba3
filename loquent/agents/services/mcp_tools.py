"""The tools of an MCP server, and actions made of them."""

import re
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import async_to_sync

from loquent.agents.actions import mcp
from loquent.agents.actions.calling import egress_rules, headers_of
from loquent.agents.actions.mcp_schema import parameters_of
from loquent.agents.actions.parameters import FieldError
from loquent.agents.agent_action import NAME_PATTERN, AgentAction
from loquent.agents.services.actions import save_action, spec_of
from loquent.encryption import UnreadableSecretError
from loquent.errors import ApplicationError, ErrorCode, invalid

MAX_DESCRIPTION = 1_000


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool of a server. `problem`: why it can't be an action; `is_lookup`: the server's word."""

    name: str
    title: str
    description: str
    parameters: list[dict[str, Any]] = field(default_factory=list)
    is_lookup: bool = False
    problem: str = ""


def offered_tools(action: AgentAction) -> list[OfferedTool]:
    """Return the tools at an action's address; raise `invalid` with what is wrong."""
    try:
        headers = headers_of(spec_of(action))
        found = async_to_sync(mcp.list_tools)(action.url, headers, rules=egress_rules())
    except UnreadableSecretError:
        raise invalid(
            {"secret": ["The stored secret can't be read any more. Enter it again."]}
        ) from None
    except mcp.McpError as error:
        raise invalid({"url": [str(error)]}) from None
    return [_offered(tool) for tool in found]


def listed_tools(action: AgentAction) -> list[OfferedTool]:
    """Return the tools as `offered_tools` does; raise `conflict` with what is wrong, in words."""
    if action.kind != AgentAction.Kind.MCP:
        raise ApplicationError(ErrorCode.CONFLICT, "Only actions of the kind mcp have tools.")
    try:
        return offered_tools(action)
    except ApplicationError as error:
        [[sentence]] = error.fields.values()
        raise ApplicationError(ErrorCode.CONFLICT, sentence) from None


def take_tool(action: AgentAction, name: str) -> AgentAction:
    """Make an action the call of a tool, as its server describes it now; raise `invalid`.

    A tool that may change something has to be confirmed by the visitor.
    """
    tool = next((each for each in offered_tools(action) if each.name == name), None)
    if tool is None:
        raise invalid({"name": ["The server no longer has this tool."]})
    if tool.problem:
        raise invalid({"name": [tool.problem]})
    data: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        data["description"] = tool.description
    if action.risk == AgentAction.Risk.READ and not tool.is_lookup:
        data["risk"] = AgentAction.Risk.WRITE
    return save_action(action, data)


def _offered(tool: mcp.McpTool) -> OfferedTool:
    parameters: list[dict[str, Any]] = []
    problem = ""
    try:
        parameters = parameters_of(tool["parameters"])
    except FieldError as error:
        problem = str(error)
    if not re.match(NAME_PATTERN, tool["name"]):
        problem = "Its name contains characters that models don't accept."
    return OfferedTool(
        name=tool["name"],
        title=tool["title"] or tool["name"],
        description=tool["description"][:MAX_DESCRIPTION].strip(),
        parameters=parameters,
        is_lookup=tool["is_read_only"],
        problem=problem,
    )
