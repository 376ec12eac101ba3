"""The set-up checklist as a part of pages: `admin/setup/checklist.html` with this context."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from loquent.organizations.access import has_role
from loquent.organizations.models import Organization, Role
from widgets.services.demo import is_demo
from widgets.services.setup.checklist import Checklist, setup_checklist


def checklist_context(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    """Return what the template needs; empty for members who can't set anything up."""
    if not has_role(request.user, Role.ADMIN, organization.id):
        return {}
    checklist = setup_checklist(organization=organization)
    may_start = is_demo(organization) and has_role(request.user, Role.OWNER, organization.id)
    return {
        "setup": checklist,
        "setup_rows": [(step, _page(step.key, checklist)) for step in checklist.steps],
        "setup_may_start_own": may_start,
        "setup_optional": _optional(is_owner=has_role(request.user, Role.OWNER, organization.id)),
    }


def _optional(*, is_owner: bool) -> list[tuple[str, str]]:
    """Return what an owner may also want to do, with its page."""
    links = {
        "Connect an AI model": "agents_modelconnection_changelist",
        "Invite a colleague": "organizations_invitation_add",
        "Choose how long conversations are kept": "widgets_erasurereceipt_changelist",
    }
    return [(label, reverse(f"admin:{name}")) for label, name in links.items() if is_owner]


def _page(key: str, checklist: Checklist) -> str:
    """Return where a step is done."""
    widget = checklist.widget
    if key == "told":
        return reverse("admin:notifications")
    if key == "shop" or widget is None:
        return reverse("admin:setup_shop")
    if key == "look":
        return reverse("admin:widgets_widgetconfig_change", args=[widget.pk])
    if key == "person":
        return reverse("chat-page", args=[widget.widget_id])
    if key == "site":
        return reverse("admin:widgets_widgetconfig_install", args=[widget.pk])
    return reverse({"teach": "admin:setup_teach", "ask": "admin:setup_try"}[key])
