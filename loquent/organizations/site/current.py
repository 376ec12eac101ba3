"""Track the organization a member currently works in, whose rows the lists show."""

import uuid
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from loquent.organizations.access import default_organization, has_role, visible_organizations
from loquent.organizations.models import Organization, Role

SESSION_KEY = "organization"
# Chosen by a superuser to see all organizations' rows in one list.
ALL = "all"


def current_organization(request: HttpRequest) -> Organization | None:
    """Return the session's organization if the member still belongs to it, else their first.

    None for a superuser who sees all of them, or a user who belongs to none.
    """
    if not hasattr(request, "_current_organization"):
        request._current_organization = _find(request)  # type: ignore[attr-defined]
    found: Organization | None = request._current_organization  # type: ignore[attr-defined]
    return found


def current_zone(request: HttpRequest) -> ZoneInfo:
    """Return the time zone in which pages show times: the current organization's, or else UTC."""
    organization = current_organization(request)
    return ZoneInfo(organization.timezone if organization else "UTC")


def is_operator(request: HttpRequest) -> bool:
    """Return whether the member answers visitors in the current organization, and no more."""
    organization = current_organization(request)
    if organization is None or not has_role(request.user, Role.OPERATOR, organization.id):
        return False
    return not has_role(request.user, Role.ADMIN, organization.id)


def choose_organization(request: HttpRequest, wanted: str) -> bool:
    """Switch to another organization; return False, without a change, if the user has no access."""
    if wanted == ALL and getattr(request.user, "is_superuser", False):
        chosen = None
    else:
        chosen = _visible(request, wanted)
        if chosen is None:
            return False
    request.session[SESSION_KEY] = wanted
    request._current_organization = chosen  # type: ignore[attr-defined]
    return True


def _find(request: HttpRequest) -> Organization | None:
    if not request.user.is_authenticated:
        return None
    chosen = request.session.get(SESSION_KEY, "")
    found = _visible(request, chosen) if chosen else None
    if found is not None:
        return found
    return None if request.user.is_superuser else default_organization(request.user)


def _visible(request: HttpRequest, wanted: str) -> Organization | None:
    try:
        key = uuid.UUID(wanted)
    except ValueError:
        return None
    return visible_organizations(request.user).filter(id=key).first()
