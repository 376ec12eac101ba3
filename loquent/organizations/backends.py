"""Derive Django permissions from memberships, so that the admin enforces roles."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.http import HttpRequest

from loquent.organizations.access import has_role
from loquent.organizations.models import Organization, Role
from loquent.organizations.services.organizations import staff_username

TENANT_APPS = frozenset({"organizations", "agents", "contacts", "jobs", "webhooks", "widgets"})
# Rows that only the product writes: staff can view and delete them, but not add or edit.
WRITTEN_BY_THE_PRODUCT = frozenset(
    {"actioncall", "widgetsession", "widgetmessage", "job", "webhookdelivery"}
)
# Rows that only owners can see.
OWNERS_ALONE = frozenset(
    {
        "apikey",
        "invitation",
        "auditentry",
        "job",
        "modelconnection",
        "webhookendpoint",
        "webhookdelivery",
    }
)
# Rows kept as evidence: staff can view them, but not delete them.
EVIDENCE = frozenset({"erasurereceipt", "auditentry"})


def needed_role(permission: str) -> Role | None:
    """Return the role that grants a permission like `widgets.change_widgetconfig`; None: denied."""
    app_label, _, codename = permission.partition(".")
    action, _, model = codename.partition("_")
    if app_label not in TENANT_APPS or action not in {"view", "add", "change", "delete"}:
        return None
    if model == "organization" and action in {"add", "delete"}:
        return None
    # Members join only by invitation.
    if (model, action) == ("membership", "add"):
        return None
    if action == "view":
        return Role.OWNER if model in OWNERS_ALONE else Role.VIEWER
    if model in EVIDENCE:
        return None
    if app_label == "organizations":
        return Role.OWNER
    if model in WRITTEN_BY_THE_PRODUCT and action != "delete":
        return None
    return Role.OWNER if model in OWNERS_ALONE else Role.ADMIN


class MembershipBackend(ModelBackend):
    """Logs users in by email and password; permissions come from their roles."""

    def authenticate(
        self,
        request: HttpRequest | None = None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or User.objects.filter(username=username).exists():
            return super().authenticate(request, username=username, password=password, **kwargs)
        name = staff_username(username)
        return super().authenticate(request, username=name, password=password, **kwargs)

    def has_perm(self, user_obj: Any, perm: str, obj: models.Model | None = None) -> bool:
        role = needed_role(perm)
        if role is not None:
            organization = obj if isinstance(obj, Organization) else None
            organization_id = (
                organization.id if organization else getattr(obj, "organization_id", None)
            )
            return has_role(user_obj, role, organization_id)
        return obj is None and super().has_perm(user_obj, perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        if app_label in TENANT_APPS and not isinstance(user_obj, AnonymousUser):
            return has_role(user_obj, Role.VIEWER)
        return super().has_module_perms(user_obj, app_label)


def signed_in_user(session_key: str) -> User | None:
    """Return the user whose admin session this is; None if expired or not permitted."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active and user.is_staff else None
