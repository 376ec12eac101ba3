"""The one gate to tenant data: who sees which organization, and what a role may do there.

"Not there" and "not yours" answer alike, so that nobody learns what others have.
"""

import uuid
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Membership, Organization, Role

M = TypeVar("M", bound=models.Model)
AnyUser = User | AnonymousUser | AbstractBaseUser

RANK = {Role.VIEWER.value: 1, Role.ADMIN.value: 2, Role.OWNER.value: 3}


def visible_organizations(
    user: AnyUser, needed: Role = Role.VIEWER
) -> models.QuerySet[Organization]:
    """The organizations in which a user has at least this role; all for a superuser."""
    if not isinstance(user, User) or not user.is_active:
        return Organization.objects.none()
    if user.is_superuser:
        return Organization.objects.all()
    return Organization.objects.filter(
        memberships__user=user, memberships__role__in=_roles_from(needed)
    )


def has_role(user: AnyUser, needed: Role, organization_id: uuid.UUID | None = None) -> bool:
    """Whether the user has at least this role in the organization, or in any if none is given."""
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.is_superuser:
        return True
    held = _held_roles(user)
    roles = held.values() if organization_id is None else [held.get(organization_id, "")]
    return any(RANK.get(role, 0) >= RANK[needed] for role in roles)


def _held_roles(user: User) -> dict[uuid.UUID, str]:
    """The user's role in each organization, read once per request: a page asks dozens of times."""
    held: dict[uuid.UUID, str] | None = user.__dict__.get("_held_roles")
    if held is None:
        held = dict(Membership.objects.filter(user=user).values_list("organization_id", "role"))
        user.__dict__["_held_roles"] = held
    return held


def _roles_from(needed: Role) -> list[str]:
    return [role for role, rank in RANK.items() if rank >= RANK[needed]]


def made_by_an_owner(maker: str) -> models.Q:
    """Match the rows of an organization whose maker, a column, is its owner now, or a superuser.

    For what lends a right of its maker to somebody else, who must lose it when the maker does.
    """
    owners = Membership.objects.filter(
        user=models.OuterRef(maker), organization=models.OuterRef("organization"), role=Role.OWNER
    )
    may = models.Q((f"{maker}__is_superuser", True)) | models.Q(models.Exists(owners))
    return models.Q((f"{maker}__is_active", True)) & may


def default_organization(user: AnyUser) -> Organization | None:
    """The organization a request is about when it names none: the one joined first."""
    if isinstance(user, User) and user.is_superuser:
        own = Organization.objects.filter(memberships__user=user)
        if not own.exists():
            return Organization.objects.order_by("created_at").first()
    if not isinstance(user, User):
        return None
    return (
        visible_organizations(user)
        .filter(memberships__user=user)
        .order_by("memberships__created_at")
        .first()
    )


def access_object(queryset: models.QuerySet[M], **lookup: object) -> M:
    """The one row of a queryset already scoped to an organization, or a `not_found` error."""
    try:
        return queryset.get(**lookup)
    except (ObjectDoesNotExist, ValidationError, ValueError, TypeError):
        name = str(queryset.model._meta.verbose_name)
        raise ApplicationError(ErrorCode.NOT_FOUND, f"There is no such {name}.") from None
