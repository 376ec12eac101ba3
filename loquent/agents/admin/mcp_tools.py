"""The page with the tools of an MCP server, one of which an action becomes the call of."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http import HttpResponseRedirect as Redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from loquent.agents.agent_action import AgentAction
from loquent.agents.services.mcp_tools import offered_tools, take_tool
from loquent.errors import ApplicationError
from loquent.organizations.admin.base import TenantAdmin

TEMPLATE = "admin/agents/agentaction/tools.html"


def tools_page(request: HttpRequest, admin: TenantAdmin, row: AgentAction) -> HttpResponse:
    """List the tools at the action's address; with `tool`, make the action the call of that one."""
    back = reverse("admin:agents_agentaction_change", args=[row.pk])
    chosen = request.POST.get("tool", "")
    try:
        if chosen:
            before = row.risk
            row = take_tool(row, chosen)
            text = f"The action calls {row.name} now. Check its description and values."
            if row.risk != before:
                text += " The tool may change something, so visitors confirm it first."
            messages.success(request, text)
            return Redirect(back)
        tools = offered_tools(row)
    except ApplicationError as error:
        for sentences in error.fields.values():
            messages.error(request, sentences[0])
        return Redirect(back)
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Tools for {row.title}",
        "row": row,
        "back": back,
        "tools": tools,
    }
    return TemplateResponse(request, TEMPLATE, context)
