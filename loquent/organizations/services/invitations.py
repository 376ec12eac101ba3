"""Manage invitations: a link for one email that works once and expires after a week."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.mailing.tasks import send_mail
from loquent.organizations.access import made_by_an_owner
from loquent.organizations.models import Invitation, Membership, Organization, Role
from loquent.organizations.services.organizations import (
    MAX_STAFF_EMAIL,
    create_staff,
    staff_username,
)
from loquent.ratelimit.buckets import Rate
from loquent.ratelimit.shared import limiter
from loquent.tokens import INVITATION, derived_token, secret_keys, token_digest

LASTS = timedelta(days=7)
# How long an expired invitation stays listed, so that an owner can send a new link.
KEPT = timedelta(days=30)
RATE = Rate("invitations", 50, 3_600, 50)
OVER = (
    "This invitation is no longer valid. It was used, withdrawn, or has expired. Ask for a new one."
)
TRY_LOGGING_IN = (
    "This did not work. If you already have an account with this email, log in instead."
)


def invite(
    *, organization: Organization, email: str, role: Role, invited_by: User
) -> tuple[Invitation, str]:
    """Invite a person by email; return the row and the token of the link, which is not stored.

    Raises `invalid` naming the field, and `rate_limited`.
    """
    email = staff_username(email)
    try:
        validate_email(email)
    except ValidationError as error:
        raise invalid({"email": error.messages}) from None
    if len(email) > MAX_STAFF_EMAIL:
        raise invalid({"email": [f"Use at most {MAX_STAFF_EMAIL} characters."]})
    if organization.memberships.filter(user__username=email).exists():
        raise invalid({"email": ["This person is already a member."]})
    _take(organization)
    draft = Invitation(expires_at=timezone.now() + LASTS)
    token = invitation_token(draft)
    row, is_new = Invitation.objects.get_or_create(
        organization=organization,
        email=email,
        defaults={
            "id": draft.id,
            "role": role,
            "invited_by": invited_by,
            "digest": token_digest(token),
            "expires_at": draft.expires_at,
        },
    )
    if not is_new:
        text = "This person has already been invited. Open the invitation to send a new link."
        raise invalid({"email": [text]})
    return row, token


def renew_invitation(*, invitation: Invitation, invited_by: User | None = None) -> str:
    """Replace the link by one that is valid for another week; return its token.

    `invited_by`, if given, becomes the person who invites.
    """
    _take(invitation.organization)
    invitation.expires_at = timezone.now() + LASTS
    token = invitation_token(invitation)
    invitation.digest = token_digest(token)
    invitation.invited_by = invited_by or invitation.invited_by
    invitation.save(update_fields=["digest", "expires_at", "invited_by", "updated_at"])
    return token


def revoke_invitation(*, invitation: Invitation) -> None:
    """Withdraw an invitation; its link stops working immediately."""
    invitation.delete()


def old_invitations(*, now: datetime) -> models.QuerySet[Invitation]:
    """Return the invitations that expired too long ago to be sent again."""
    return Invitation.objects.filter(expires_at__lt=now - KEPT)


def open_invitations() -> models.QuerySet[Invitation]:
    """Return the invitations that have not expired and whose inviter may still invite.

    Only owners can invite, to any role.
    """
    return Invitation.objects.select_related("organization").filter(
        made_by_an_owner("invited_by"), expires_at__gt=timezone.now()
    )


def find_invitation(*, digest: str) -> Invitation | None:
    """Return the valid invitation whose token has this digest."""
    return open_invitations().filter(digest=digest).first()


def accept_invitation(*, digest: str, user: User) -> Membership:
    """Add the invited person as a member; an existing member keeps their role.

    Raises `not_found` if the invitation is no longer valid, `forbidden` if it is for another
    person.
    """
    with transaction.atomic():
        invitation = _locked(digest)
        if invitation.email != staff_username(user.get_username()):
            raise ApplicationError(
                ErrorCode.FORBIDDEN, f"This invitation is for {invitation.email}."
            )
        membership, _ = Membership.objects.get_or_create(
            organization=invitation.organization, user=user, defaults={"role": invitation.role}
        )
        invitation.delete()
    return membership


def accept_as_new(*, digest: str, name: str, password: str) -> Membership:
    """Create an account for the invited person, and add it as a member.

    Raises `conflict`, whose message doesn't reveal that the account already exists, and what
    `accept_invitation` raises.
    """
    try:
        with transaction.atomic():
            invitation = _locked(digest)
            if User.objects.filter(username=invitation.email).exists():
                raise ApplicationError(ErrorCode.CONFLICT, TRY_LOGGING_IN)
            user = create_staff(email=invitation.email, password=password, name=name)
            return accept_invitation(digest=digest, user=user)
    except IntegrityError:
        raise ApplicationError(ErrorCode.CONFLICT, TRY_LOGGING_IN) from None


def invitation_link(token: str) -> str:
    """Return the address that an invited person opens."""
    return settings.SITE_URL + reverse("admin:join_link", args=[token])


def invitation_token(invitation: Invitation) -> str:
    """Return the token of an invitation's link, which is not stored.

    It is derived, so that a mail can be written when it is sent. A renewed invitation has another
    `expires_at`, and so another token.
    """
    moment = invitation.expires_at.astimezone(UTC).isoformat()
    return derived_token(INVITATION, f"{invitation.id}.{moment}")


def earlier_tokens(invitation: Invitation) -> list[str]:
    """Return the tokens that an invitation has under earlier keys of the server."""
    moment = invitation.expires_at.astimezone(UTC).isoformat()
    of = f"{invitation.id}.{moment}"
    return [derived_token(INVITATION, of, secret=key) for key in secret_keys()[1:]]


def mail_invitation(*, invitation: Invitation) -> None:
    """Email the link to the invited person."""
    send_mail(
        letter="invitation",
        to=invitation.email,
        about=invitation.id,
        organization_id=invitation.organization_id,
    )


def _locked(digest: str) -> Invitation:
    found = open_invitations().filter(digest=digest)
    invitation = found.select_for_update(of=("self",)).first()
    if invitation is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, OVER)
    return invitation


def _take(organization: Organization) -> None:
    refused = limiter.take((RATE, str(organization.id)))
    if refused is not None:
        raise ApplicationError(
            ErrorCode.RATE_LIMITED,
            "Too many invitations were sent in the last hour. Try again later.",
            retry_after=refused[1],
        )
