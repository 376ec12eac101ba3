"""Control access to tenant data: which organizations a user sees, and what a role may do there.

Missing rows and other organizations' rows return the same error, so that no one can probe for them.
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

RANK = {
    Role.VIEWER.value: 1,
    Role.OPERATOR.value: 2,
    Role.ADMIN.value: 3,
    Role.OWNER.value: 4,
}


def visible_organizations(
    user: AnyUser, needed: Role = Role.VIEWER
) -> models.QuerySet[Organization]:
    """Return the organizations in which a user has at least this role; all for a superuser."""
    if not isinstance(user, User) or not user.is_active:
        return Organization.objects.none()
    if user.is_superuser:
        return Organization.objects.all()
    return Organization.objects.filter(
        memberships__user=user, memberships__role__in=_roles_from(needed)
    )


def has_role(user: AnyUser, needed: Role, organization_id: uuid.UUID | None = None) -> bool:
    """Return whether the user has at least this role in the organization, or in any if None."""
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.is_superuser:
        return True
    held = _held_roles(user)
    roles = held.values() if organization_id is None else [held.get(organization_id, "")]
    return any(RANK.get(role, 0) >= RANK[needed] for role in roles)


def _held_roles(user: User) -> dict[uuid.UUID, str]:
    """Return the user's role per organization; cached, because a page needs it dozens of times."""
    held: dict[uuid.UUID, str] | None = user.__dict__.get("_held_roles")
    if held is None:
        held = dict(Membership.objects.filter(user=user).values_list("organization_id", "role"))
        user.__dict__["_held_roles"] = held
    return held


def _roles_from(needed: Role) -> list[str]:
    return [role for role, rank in RANK.items() if rank >= RANK[needed]]


def answering_members(organization_id: uuid.UUID) -> models.QuerySet[Membership]:
    """Return the members of an organization who may answer visitors."""
    rows = Membership.objects.filter(organization_id=organization_id)
    return rows.filter(role__in=_roles_from(Role.OPERATOR)).select_related("user")


def made_by_an_owner(maker: str) -> models.Q:
    """Match rows whose creator (a column) is still an owner of their organization, or a superuser.

    For rows that delegate a right of their creator, and must lose it when the creator does.
    """
    owners = Membership.objects.filter(
        user=models.OuterRef(maker), organization=models.OuterRef("organization"), role=Role.OWNER
    )
    may = models.Q((f"{maker}__is_superuser", True)) | models.Q(models.Exists(owners))
    return models.Q((f"{maker}__is_active", True)) & may


def default_organization(user: AnyUser) -> Organization | None:
    """Return the organization of a request that names none: the one the user joined first."""
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
    """Return one row of a queryset that is scoped to an organization; raise `not_found` if none."""
    try:
        return queryset.get(**lookup)
    except (ObjectDoesNotExist, ValidationError, ValueError, TypeError):
        name = str(queryset.model._meta.verbose_name)
        raise ApplicationError(ErrorCode.NOT_FOUND, f"There is no such {name}.") from None
