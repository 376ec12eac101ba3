"""Show what the assistants know, how often it was used, and what they don't know yet."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.limits import MAX_SEARCH
from loquent.organizations.access import has_role, visible_organizations
from loquent.organizations.models import Organization, Role
from loquent.organizations.site.current import current_organization
from widgets.admin.home.page import sessions_for
from widgets.admin.home.sections import Scope, Unanswered, list_url
from widgets.services.insights.groups import used_sources

# Further entries are found by the search, and on the assistant's page.
MOST_ENTRIES = 200
MOST_QUESTIONS = 50


def knowledge_page(request: HttpRequest) -> HttpResponse:
    """Show the entries of all assistants of the organization, and unanswered questions."""
    context = {**admin.site.each_context(request), "title": "Knowledge"}
    sessions = sessions_for(request)
    if sessions is None:
        return TemplateResponse(request, "admin/knowledge.html", context)
    current = current_organization(request)
    query = request.GET.get("q", "").replace("\x00", "")[:MAX_SEARCH].strip()
    mine = [current] if current else visible_organizations(request.user)
    entries = KnowledgeEntry.objects.filter(agent__organization__in=mine)
    for word in query.split()[:6]:
        entries = entries.filter(Q(title__folded=word) | Q(content__folded=word))
    found = list(
        entries.select_related("agent").defer("content").order_by("title", "id")[: MOST_ENTRIES + 1]
    )
    used = {group.key: group.count for group in used_sources(sessions)}
    scope = Scope(request, current, sessions)
    context |= {
        "has_organization": True,
        "query": query,
        "unanswered": Unanswered(most=MOST_QUESTIONS).load(scope),
        "entries": [_row(entry, used) for entry in found[:MOST_ENTRIES]],
        "has_more": len(found) > MOST_ENTRIES,
        "most": MOST_ENTRIES,
        "assistants_url": reverse("admin:agents_textagent_changelist"),
        "add_url": _add_url(request, current, mine),
    }
    return TemplateResponse(request, "admin/knowledge.html", context)


def _agent_url(agent_id: object) -> str:
    return reverse("admin:agents_textagent_change", args=[agent_id]) + "#knowledge"


def _add_url(request: HttpRequest, current: Organization | None, organizations: Any) -> str:
    """Return where entries are added: an assistant's knowledge, or the list to choose one from."""
    if not has_role(request.user, Role.ADMIN, current.id if current else None):
        return ""
    agents = list(TextAgent.objects.filter(organization__in=organizations)[:2])
    if len(agents) == 1:
        return _agent_url(agents[0].pk)
    return reverse("admin:agents_textagent_changelist" if agents else "admin:agents_textagent_add")


def _row(entry: KnowledgeEntry, used: dict[str, int]) -> dict[str, Any]:
    count = used.get(entry.title, 0)
    return {
        "entry": entry,
        "url": _agent_url(entry.agent_id),
        "used": count,
        "used_url": list_url(source=entry.title) if count else "",
    }
