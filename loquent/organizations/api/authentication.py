"""Authenticate REST API callers, and determine their organization and role."""

import uuid
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from loquent.errors import ApplicationError
from loquent.organizations.access import default_organization, has_role, visible_organizations
from loquent.organizations.models import ApiKey, Organization, Role, Scope
from loquent.organizations.services.organizations import authenticate_api_key

ORGANIZATION_HEADER = "X-Organization-Id"


class ApiKeyUser:
    """The user of a request with an API key: authenticated, but not an account."""

    is_authenticated = True
    is_active = True
    pk = None


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer lqk_…`"""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            return ApiKeyUser(), authenticate_api_key(key=key.strip())
        except ApplicationError as error:
            raise exceptions.AuthenticationFailed(error.message) from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class StaffSessionAuthentication(SessionAuthentication):
    """The admin's own session; unsafe methods need the CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied:
            raise exceptions.PermissionDenied(
                "The CSRF token is missing or wrong. Send the value of the cookie "
                f"{settings.CSRF_COOKIE_NAME} in the X-CSRFToken header, or use an API key."
            ) from None


def request_organization(request: Request) -> Organization | None:
    """Return the request's organization: the key's, the header's, or the user's first.

    Cached on the request, because permissions, querysets and filters all need it.
    """
    if isinstance(request.auth, ApiKey):
        return request.auth.organization
    known = request.__dict__
    if "_organization" not in known:
        known["_organization"] = _organization_of(request)
    found: Organization | None = known["_organization"]
    return found


def _organization_of(request: Request) -> Organization | None:
    named = request.headers.get(ORGANIZATION_HEADER)
    if not named:
        return default_organization(request.user)
    try:
        wanted = uuid.UUID(named)
    except ValueError:
        return None
    return visible_organizations(request.user).filter(id=wanted).first()


def caller_name(request: Request) -> str:
    """Return the caller's name for records: a member's email, or a key's name and prefix."""
    if isinstance(request.auth, ApiKey):
        return f"API key {request.auth}"
    return str(request.user)


def caller_key(request: Request) -> str:
    """Return the key under which limits and stored responses are kept per caller."""
    if isinstance(request.auth, ApiKey):
        return f"key:{request.auth.pk}"
    return f"user:{request.user.pk}"


class RolePermission(BasePermission):
    """A viewer or operator reads; an admin, an owner and an API key also write."""

    message = "Your role in this organization doesn't allow this."
    reading = Role.VIEWER
    writing = Role.ADMIN

    def has_permission(self, request: Request, view: object) -> bool:
        if not request.user.is_authenticated:
            return False
        organization = request_organization(request)
        if organization is None:
            return False
        is_reading = request.method in SAFE_METHODS
        if isinstance(request.auth, ApiKey):
            return self.may_key(request.auth, is_reading=is_reading)
        needed = self.reading if is_reading else self.writing
        return has_role(request.user, needed, organization.id)

    def may_key(self, api_key: ApiKey, *, is_reading: bool) -> bool:
        """Return whether an API key may do this."""
        self.message = "This API key is read-only. Use one with the scope write."
        return is_reading or api_key.scope == Scope.WRITE


class OperatorPermission(RolePermission):
    """What an operator may do: answer visitors."""

    writing = Role.OPERATOR


class AdminPermission(RolePermission):
    """Data that viewers may not even read."""

    reading = Role.ADMIN


class OwnerPermission(RolePermission):
    """Only owners, and no program: a leaked key must not be able to create others."""

    reading = writing = Role.OWNER

    def may_key(self, api_key: ApiKey, *, is_reading: bool) -> bool:
        self.message = (
            "An API key can't manage API keys. An owner can, when logged in to the admin."
        )
        return False


class TrustedPermission(RolePermission):
    """Owners, and API keys that may write: what decides where conversations are sent."""

    reading = writing = Role.OWNER

    def may_key(self, api_key: ApiKey, *, is_reading: bool) -> bool:
        self.message = "This API key is read-only. Use one with the scope write."
        return api_key.scope == Scope.WRITE


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe API keys in the OpenAPI document."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": (
                "An API key, `lqk_…`. The scope `read` allows every GET; the scope `write` allows "
                "everything except managing API keys."
            ),
        }


class StaffSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the admin's session in the OpenAPI document."""

    target_class = StaffSessionAuthentication
    name = "staffSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": (
                "The admin session. Unsafe methods need the value of the cookie "
                f"`{settings.CSRF_COOKIE_NAME}` in the header `X-CSRFToken`."
            ),
        }
