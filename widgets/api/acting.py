"""For whom a request acts: a member acts as themselves, an API key names a member."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.access import RANK
from loquent.organizations.api.base import OrganizationViewSet
from loquent.organizations.models import ApiKey, Membership, Role


def acting_member(view: OrganizationViewSet, named: Any) -> Membership:
    """Return the member for whom a request acts; `named`: the id that an API key sent.

    Raises `invalid` if a key names no member, or one who may not answer.
    """
    if isinstance(view.request.auth, ApiKey):
        if named is None:
            raise invalid({"member": ["Name the member for whom this API key acts."]})
        return member_who_answers(view, named)
    found = own_membership(view)
    if found is None:
        raise ApplicationError(
            ErrorCode.FORBIDDEN, "Only a member of this organization can do this."
        )
    return found


def member_who_answers(view: OrganizationViewSet, member_id: Any) -> Membership:
    """Return a member of the organization who may answer; raise `invalid` if there is none."""
    found: Membership | None = _members(view).filter(id=member_id).first()
    if found is None or RANK[found.role] < RANK[Role.OPERATOR]:
        raise invalid({"member": ["There is no such member, or they may not answer."]})
    return found


def own_membership(view: OrganizationViewSet) -> Membership | None:
    """Return the caller's membership; None for an API key or a superuser from outside."""
    if isinstance(view.request.auth, ApiKey):
        return None
    found: Membership | None = _members(view).filter(user=view.request.user).first()
    return found


def _members(view: OrganizationViewSet) -> Any:
    return Membership.objects.filter(organization=view.organization).select_related("user")


def read_body(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the validated fields of a request."""
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = dict(serializer.validated_data)
    return data
