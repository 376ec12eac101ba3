"""Organizations, their members and their API keys."""

import unicodedata
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.models import ApiKey, Membership, Organization, Role, Scope
from loquent.tokens import API_KEY, new_token, token_digest

# How exact "last used" is: a write for every request would cost more than the answer is worth.
LAST_USED_STEP = timedelta(minutes=1)
# The column of Django's user name, which the email is.
MAX_STAFF_EMAIL = 150
NEEDS_AN_OWNER = "An organization needs an owner: make somebody else owner first."


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What `create_organization` made; `api_key` is the only time the key is seen."""

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
    """Make an organization, its owner and a first API key.

    A user of that email who exists already becomes the owner as well, if the password is theirs.
    Raises ApplicationError `invalid` with the field at fault.
    """
    email = staff_username(owner_email)
    try:
        validate_email(email)
    except ValidationError as error:
        raise invalid({"owner_email": error.messages}) from None
    if len(email) > MAX_STAFF_EMAIL:
        raise invalid({"owner_email": [f"At most {MAX_STAFF_EMAIL} characters can be used."]})
    organization = Organization(
        name=name.strip(), timezone=time_zone, default_phone_region=default_phone_region
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
            raise invalid({"owner_password": ["This user exists and has another password."]})
        organization.save()
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
        _, key = create_api_key(organization=organization, name="First key")
    return NewOrganization(organization, owner, key)


def staff_username(email: str) -> str:
    """The one spelling of an email under which a member signs in."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def create_staff(*, email: str, password: str, name: str = "") -> User:
    """A user who may sign in to the admin, with no rights but those of memberships.

    Raises `invalid` naming `owner_password` when the password is too weak.
    """
    check_staff_password(email=email, password=password)
    owner = User(username=email, email=email, first_name=name, is_staff=True)
    owner.set_password(password)
    owner.save()
    return owner


def check_staff_password(*, email: str, password: str) -> None:
    """Refuse, with `invalid` naming `owner_password`, a password that is too weak."""
    try:
        validate_password(password, User(username=email, email=email))
    except ValidationError as error:
        raise invalid({"owner_password": error.messages}) from None


def change_role(*, membership: Membership, role: Role) -> None:
    """Give a member another role; `conflict` where it would leave nobody as owner."""
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(membership)
        fresh = Membership.objects.select_for_update(of=("self",)).filter(id=membership.id).first()
        if fresh is not None:
            fresh.role = role
            fresh.save(update_fields=["role", "updated_at"])


def remove_member(*, membership: Membership) -> None:
    """End a membership; `conflict` where it would leave nobody as owner."""
    with transaction.atomic():
        _keep_an_owner(membership)
        Membership.objects.filter(id=membership.id).delete()


def leaves_an_owner(*, organization_id: uuid.UUID, leaving: Collection[uuid.UUID]) -> bool:
    """Whether somebody is owner still once these memberships end."""
    owners = Membership.objects.filter(organization_id=organization_id, role=Role.OWNER)
    return owners.exclude(id__in=leaving).exists()


def _keep_an_owner(leaving: Membership) -> None:
    Organization.objects.select_for_update().get(id=leaving.organization_id)
    if not leaves_an_owner(organization_id=leaving.organization_id, leaving=[leaving.id]):
        raise ApplicationError(ErrorCode.CONFLICT, NEEDS_AN_OWNER)


def create_api_key(
    *, organization: Organization, name: str, scope: str = Scope.WRITE
) -> tuple[ApiKey, str]:
    """Make a key; gives the row and the key itself, which is never seen again.

    Raises `invalid` that names the field at fault.
    """
    key = new_token(API_KEY)
    row = ApiKey(
        organization=organization,
        name=name.strip(),
        scope=scope,
        prefix=key[:10],
        digest=token_digest(key),
    )
    try:
        row.full_clean()
    except ValidationError as error:
        raise invalid(error.message_dict) from None
    row.save()
    return row, key


def revoke_api_key(*, api_key: ApiKey) -> None:
    """End a key at once. A second time does nothing."""
    with transaction.atomic():
        fresh = ApiKey.objects.select_for_update(of=("self",)).filter(id=api_key.id).first()
        if fresh is not None and fresh.revoked_at is None:
            fresh.revoked_at = timezone.now()
            fresh.save(update_fields=["revoked_at", "updated_at"])


def authenticate_api_key(*, key: str) -> ApiKey:
    """The row of a key that is in force, or an ApplicationError `not_authenticated`."""
    row = (
        ApiKey.objects.select_related("organization")
        .filter(digest=token_digest(key), revoked_at=None)
        .first()
    )
    if row is None:
        raise ApplicationError(
            ErrorCode.NOT_AUTHENTICATED, "This API key is unknown or revoked. Make a new one."
        )
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > LAST_USED_STEP:
        ApiKey.objects.filter(id=row.id).update(last_used_at=now)
    return row
