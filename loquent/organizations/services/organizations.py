"""Manage organizations, their members and their API keys."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.access import has_role, made_by_an_owner
from loquent.organizations.models import ApiKey, Invitation, Membership, Organization, Role, Scope
from loquent.text import normalize_unicode, strip_invisible
from loquent.tokens import API_KEY, new_token, token_digest, token_digests

# The precision of "last used": one write per request would cost more than it is worth.
LAST_USED_STEP = timedelta(minutes=1)
# The length of Django's user name column, which stores the email.
MAX_STAFF_EMAIL = 150
NEEDS_AN_OWNER = "An organization needs an owner. Make someone else an owner first."


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """The result of `create_organization`; `api_key` is not available again later."""

    organization: Organization
    owner: User
    api_key: str


def create_organization(
    *,
    name: str,
    owner_email: str,
    owner_password: str,
    time_zone: str = "UTC",
    default_phone_region: str = "",
) -> NewOrganization:
    """Create an organization, its owner and a first API key.

    An existing user with that email becomes the owner if the password is correct. Raises
    ApplicationError `invalid` naming the field.
    """
    email = staff_username(owner_email)
    try:
        validate_email(email)
    except ValidationError as error:
        raise invalid({"owner_email": error.messages}) from None
    if len(email) > MAX_STAFF_EMAIL:
        raise invalid({"owner_email": [f"Use at most {MAX_STAFF_EMAIL} characters."]})
    organization = Organization(
        name=strip_invisible(name), timezone=time_zone, default_phone_region=default_phone_region
    )
    try:
        organization.full_clean()
    except ValidationError as error:
        raise invalid(error.message_dict) from None
    with transaction.atomic():
        owner = User.objects.filter(username=email).first()
        if owner is None:
            owner = create_staff(email=email, password=owner_password)
        elif not owner.check_password(owner_password):
            raise invalid(
                {"owner_password": ["This user already exists with a different password."]}
            )
        organization.save()
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
        _, key = create_api_key(organization=organization, name="First key", created_by=owner)
    return NewOrganization(organization, owner, key)


def staff_username(email: str) -> str:
    """Return the canonical form of an email, with which a member logs in."""
    return strip_invisible(normalize_unicode("NFKC", email)).lower()


def create_staff(*, email: str, password: str, name: str = "") -> User:
    """Create a user who may log in to the admin, and whose rights come only from memberships.

    Raises `invalid` naming `owner_password` if the password is too weak.
    """
    check_staff_password(email=email, password=password)
    owner = User(username=email, email=email, first_name=name, is_staff=True)
    owner.set_password(password)
    owner.save()
    return owner


def add_member(
    *, organization_id: str, email: str, password: str, role: Role, name: str = ""
) -> Membership:
    """Add a member, with a new account or the existing one of this email and password.

    Raises `not_found` if there is no such organization, and `invalid`.
    """
    email = staff_username(email)
    try:
        validate_email(email)
        organization = Organization.objects.filter(id=organization_id).first()
    except ValidationError as error:
        raise invalid({"email": error.messages}) from None
    if organization is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such organization.")
    with transaction.atomic():
        user = User.objects.filter(username=email).first()
        if user is None:
            user = create_staff(email=email, password=password, name=name)
        elif not user.check_password(password):
            raise invalid({"password": ["This user already exists with a different password."]})
        member, is_new = Membership.objects.get_or_create(
            organization=organization, user=user, defaults={"role": role}
        )
        if not is_new:
            raise invalid({"email": ["This person is already a member."]})
    return member


def check_staff_password(*, email: str, password: str) -> None:
    """Raise `invalid` naming `owner_password` if the password is too weak."""
    try:
        validate_password(password, User(username=email, email=email))
    except ValidationError as error:
        raise invalid({"owner_password": error.messages}) from None


def change_role(
    *,
    membership: Membership,
    role: Role,
    kept_keys: Collection[uuid.UUID] = (),
    changed_by: User | None = None,
) -> None:
    """Change a member's role; raise `conflict` if no owner would remain.

    Keys and invitations that the member may no longer create end as in `remove_member`.
    """
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(membership)
        fresh = Membership.objects.select_for_update(of=("self",)).filter(id=membership.id).first()
        if fresh is not None:
            fresh.role = role
            fresh.save(update_fields=["role", "updated_at"])
            _end_lent_rights(membership=fresh, kept_keys=kept_keys, keeper=changed_by)


def remove_member(
    *,
    membership: Membership,
    kept_keys: Collection[uuid.UUID] = (),
    removed_by: User | None = None,
) -> None:
    """End a membership; raise `conflict` if no owner would remain.

    The member's invitations are withdrawn and their API keys revoked, except `kept_keys`, which are
    transferred to `removed_by`.
    """
    with transaction.atomic():
        _keep_an_owner(membership)
        Membership.objects.filter(id=membership.id).delete()
        _end_lent_rights(membership=membership, kept_keys=kept_keys, keeper=removed_by)


def leaves_an_owner(*, organization_id: uuid.UUID, leaving: Collection[uuid.UUID]) -> bool:
    """Return whether an owner remains once these memberships end."""
    owners = Membership.objects.filter(organization_id=organization_id, role=Role.OWNER)
    return owners.exclude(id__in=leaving).exists()


def _keep_an_owner(leaving: Membership) -> None:
    # `no_key`: accepting an invitation references the organization, and must not wait for this
    # lock.
    Organization.objects.select_for_update(no_key=True).get(id=leaving.organization_id)
    if not leaves_an_owner(organization_id=leaving.organization_id, leaving=[leaving.id]):
        raise ApplicationError(ErrorCode.CONFLICT, NEEDS_AN_OWNER)


def create_api_key(
    *,
    organization: Organization,
    name: str,
    scope: str = Scope.WRITE,
    created_by: User | None = None,
) -> tuple[ApiKey, str]:
    """Create a key; return the row and the key itself, which is not stored.

    It is valid while `created_by` is an active owner of the organization, or a superuser. A key
    created by the server has no such person. Raises `invalid` naming the field.
    """
    key = new_token(API_KEY)
    row = ApiKey(
        organization=organization,
        name=strip_invisible(name),
        scope=scope,
        created_by=created_by,
        prefix=key[:10],
        digest=token_digest(key),
    )
    try:
        row.full_clean()
    except ValidationError as error:
        raise invalid(error.message_dict) from None
    row.save()
    return row, key


def is_maker_an_owner() -> models.Q:
    """Match the keys whose creator may still create keys, and those without a creator."""
    return models.Q(created_by=None) | made_by_an_owner("created_by")


def keys_made(*, membership: Membership) -> models.QuerySet[ApiKey]:
    """Return the unrevoked keys that the member created as an owner.

    A superuser has none, because their keys don't depend on the membership.
    """
    return ApiKey.objects.filter(
        organization=membership.organization_id,
        created_by=membership.user_id,
        created_by__is_superuser=False,
        revoked_at=None,
    )


def invitations_made(*, membership: Membership) -> models.QuerySet[Invitation]:
    """Return the invitations that the member created as an owner."""
    return Invitation.objects.filter(
        organization=membership.organization_id,
        invited_by=membership.user_id,
        invited_by__is_superuser=False,
    )


def _end_lent_rights(
    *, membership: Membership, kept_keys: Collection[uuid.UUID], keeper: User | None
) -> None:
    """End the invitations and API keys a member created, unless the member is still an owner.

    `kept_keys` are transferred to `keeper`, if that is another owner: every key needs a responsible
    person. Call this in the transaction that changes the membership.
    """
    owners = User.objects.filter(
        memberships__organization=membership.organization_id, memberships__role=Role.OWNER
    )
    if owners.filter(id=membership.user_id).exists():
        return
    invitations_made(membership=membership).delete()
    # Read from the database, because the user object may hold roles from before the change.
    heir = (
        User.objects.filter(id=keeper.id).exclude(id=membership.user_id).first() if keeper else None
    )
    may_keep = heir is not None and has_role(heir, Role.OWNER, membership.organization_id)
    for key in keys_made(membership=membership).select_for_update(of=("self",)):
        if may_keep and key.id in kept_keys:
            key.created_by = heir
            key.save(update_fields=["created_by", "updated_at"])
        else:
            revoke_api_key(api_key=key)


def revoke_api_key(*, api_key: ApiKey) -> None:
    """Revoke a key immediately; does nothing if it is already revoked."""
    with transaction.atomic():
        fresh = ApiKey.objects.select_for_update(of=("self",)).filter(id=api_key.id).first()
        if fresh is not None and fresh.revoked_at is None:
            fresh.revoked_at = timezone.now()
            fresh.save(update_fields=["revoked_at", "updated_at"])


def authenticate_api_key(*, key: str) -> ApiKey:
    """Return the row of a valid key; raise ApplicationError `not_authenticated` otherwise."""
    row = (
        ApiKey.objects.select_related("organization")
        .filter(digest__in=token_digests(key), revoked_at=None)
        .filter(is_maker_an_owner())
        .first()
    )
    if row is None:
        raise ApplicationError(
            ErrorCode.NOT_AUTHENTICATED, "This API key is unknown or revoked. Create a new one."
        )
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > LAST_USED_STEP:
        ApiKey.objects.filter(id=row.id).update(last_used_at=now, digest=token_digest(key))
    return row
