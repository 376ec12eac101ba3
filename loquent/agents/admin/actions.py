"""The admin pages of what agents may call, with their test."""

import uuid
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.urls import URLPattern, path, reverse

from loquent.agents.actions.arguments import ArgumentError, check_arguments, parse_value
from loquent.agents.actions.calling import call_action, idempotency_key
from loquent.agents.actions.presets import PRESETS
from loquent.agents.actions.results import lines_of
from loquent.agents.actions.spec import ActionSpec
from loquent.agents.admin.action_form import AgentActionForm
from loquent.agents.admin.mcp_tools import tools_page
from loquent.agents.agent_action import ACTION_FIELDS, AgentAction
from loquent.agents.models import TextAgent
from loquent.agents.services.action_preview import preview_action
from loquent.agents.services.actions import save_action, spec_of
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.form_tabs import form_tabs, leave_out
from loquent.organizations.admin.forms import take_over
from loquent.organizations.site.current import current_organization
from loquent.organizations.site.staff_site import Nav

CHANGE = "admin:agents_agentaction_change"


@admin.register(AgentAction)
class AgentActionAdmin(TenantAdmin):
    """What agents may look up and change in other systems."""

    nav = Nav("Assistant", 15, "Actions", "webhook", section="Actions")
    organization_path = "agent__organization"
    empty_text = (
        "No actions yet. With an action, the assistant looks up an order in your shop, or changes "
        "something there after the visitor has confirmed it."
    )
    form = AgentActionForm
    list_display = ["title", "assistant", "what_it_does", "is_in_use"]
    list_select_related = ["agent__organization"]
    search_fields = ["title", "name"]
    change_form_template = "admin/agents/agentaction/change_form.html"
    fieldsets = [
        (None, {"fields": ["agent", "title", "enabled"]}),
        ("What it does", {"fields": ["description", "risk"]}),
        ("Your system", {"fields": ["url", "secret", "asked", "response_fields"]}),
        ("Advanced", {"fields": ["name", "kind", "method", "parameters", "headers"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what is no field of the row from users who can't save."""
        may_save = obj is None or self.has_change_permission(request, obj)
        left_out = set() if may_save else {"asked", "headers", "secret"}
        return leave_out(self.fieldsets, left_out)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["agent"] if obj else []

    def get_urls(self) -> list[URLPattern]:
        views = {"test": self.test, "tools": self.tools}
        return [
            path(
                f"<uuid:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"agents_agentaction_{name}",
            )
            for name, view in views.items()
        ] + super().get_urls()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start with a ready-made action, and the only agent."""
        initial: dict[str, Any] = {"risk": "read", "enabled": True, "method": "GET"}
        initial |= PRESETS.get(request.GET.get("preset", ""), {})
        agents = list(TextAgent.objects.filter(organization=current_organization(request))[:2])
        if len(agents) == 1:
            initial["agent"] = agents[0].pk
        return initial

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        context["presets"] = [(name, each["title"]) for name, each in PRESETS.items()]
        if row is not None:
            context["tried"] = spec_of(row).asked
            context["is_lookup"] = row.risk == AgentAction.Risk.READ
        context |= form_tabs(context["adminform"])
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        cleaned = form.cleaned_data
        data = {name: cleaned[name] for name in ACTION_FIELDS if name in cleaned}
        if change or cleaned["headers"]:
            data["headers"] = cleaned["headers"]
        # An empty field of a password means: as before.
        if cleaned["secret"]:
            data["secret"] = cleaned["secret"]
        row = AgentAction.objects.get(pk=obj.pk) if change else AgentAction(agent=obj.agent)
        take_over(obj, save_action(row, data))

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the page of the new action, where it can be tested."""
        super().response_add(request, obj, post_url_continue)
        return Redirect(reverse(CHANGE, args=[obj.pk]))

    @admin.display(ordering="agent__name")
    def assistant(self, obj: AgentAction) -> str:
        return str(obj.agent)

    @admin.display(description="in use", ordering="enabled", boolean=True)
    def is_in_use(self, obj: AgentAction) -> bool:
        return obj.enabled

    @admin.display(description="what it does", ordering="risk")
    def what_it_does(self, obj: AgentAction) -> str:
        return {"read": "Looks something up", "write": "Changes something"}.get(
            obj.risk, "Calls a person"
        )

    def tools(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """List the tools of an MCP server, or take one."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, str(object_id))
        if not isinstance(row, AgentAction) or not self.has_change_permission(request, row):
            raise Http404
        if row.kind != AgentAction.Kind.MCP:
            raise Http404
        return tools_page(request, self, row)

    def test(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Show the request that values lead to; with `call`, make it if it is a lookup."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, str(object_id))
        if not isinstance(row, AgentAction) or not self.has_change_permission(request, row):
            raise Http404
        spec = spec_of(row)
        try:
            given = {
                each.name: parse_value(each, text)
                for each in spec.asked
                if (text := request.POST.get(f"value-{each.name}", "").strip())
            }
            arguments = check_arguments(spec, given)
        except ArgumentError as error:
            messages.error(request, str(error))
            return Redirect(reverse(CHANGE, args=[row.pk]))
        if "call" in request.POST and row.risk == AgentAction.Risk.READ:
            _tell_result(request, spec, arguments)
        else:
            _tell_request(request, spec, arguments)
        return Redirect(reverse(CHANGE, args=[row.pk]))


def _tell_request(request: HttpRequest, spec: ActionSpec, arguments: dict[str, Any]) -> None:
    found = preview_action(spec, arguments)
    shown = found["request"]
    if shown is None:
        messages.error(request, found["error"])
        return
    line = f"{shown.get('method', 'MCP')} {shown['url']}"
    body = shown.get("body") or shown.get("arguments")
    headers = f" Headers: {', '.join(shown['headers'])}." if shown["headers"] else ""
    text = f"This would be sent: {line}{f' {body}' if body else ''}.{headers} Nothing was sent."
    messages.info(request, text)


def _tell_result(request: HttpRequest, spec: ActionSpec, arguments: dict[str, Any]) -> None:
    key = idempotency_key("test", uuid.uuid4())
    result = async_to_sync(call_action)(spec, arguments, key=key)
    if result.outcome != "succeeded":
        messages.error(request, f"It does not work: {result.reason}")
        return
    lines = [f"{label}: {text}" if label else text for label, text in lines_of(result.data)]
    shown = "; ".join(lines)[:1_000] or "the response has none of the fields"
    messages.success(request, f"It works ({result.duration_ms} ms). The assistant is told: {shown}")
