"""Render the start page from its sections."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from loquent.organizations.access import visible_organizations
from loquent.organizations.site.current import current_organization
from widgets.admin.home.sections import SECTIONS, Scope
from widgets.admin.setup.checklist import checklist_context
from widgets.models import WidgetSession
from widgets.services.insights.periods import Sessions


def sessions_for(request: HttpRequest) -> Sessions | None:
    """Return the conversations that the page is about; None for users of no organization.

    A superuser who views all organizations sees them together.
    """
    current = current_organization(request)
    if current is not None:
        return WidgetSession.objects.filter(widget__organization=current)
    if not getattr(request.user, "is_superuser", False):
        return None
    mine = visible_organizations(request.user)
    return WidgetSession.objects.filter(widget__organization__in=mine)


def home_page(request: HttpRequest) -> HttpResponse:
    """Show the sections that have something to say."""
    context = {**admin.site.each_context(request), "title": "Home"}
    sessions = sessions_for(request)
    if sessions is not None:
        organization = current_organization(request)
        scope = Scope(request, organization, sessions)
        if organization is not None:
            setup = checklist_context(request, organization)
            # A finished or hidden set-up stays at its own page, and makes room here.
            if setup and not (setup["setup"].is_complete or organization.has_hidden_setup):
                context |= {**setup, "setup_may_hide": True}
        shown = [(section, section.load(scope)) for section in (kind() for kind in SECTIONS)]
        context["has_organization"] = True
        context["sections"] = [
            {"name": section.name, "template": section.template, "data": data}
            for section, data in shown
            if data is not None
        ]
    return TemplateResponse(request, "admin/home.html", context)
