"""Invitations to an organization: a link that works once, for a week, for one email."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.mail import send_in_background
from loquent.organizations.access import made_by_an_owner
from loquent.organizations.models import Invitation, Membership, Organization, Role
from loquent.organizations.services.organizations import (
    MAX_STAFF_EMAIL,
    create_staff,
    staff_username,
)
from loquent.ratelimit.buckets import Rate
from loquent.ratelimit.shared import limiter
from loquent.text import one_line
from loquent.tokens import INVITATION, new_token, token_digest

LASTS = timedelta(days=7)
# After its link is over, for an owner to send a new one.
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
    """Invite somebody by email; gives the row and the token of the link, which is not kept.

    Raises `invalid` with the field at fault, and `rate_limited`.
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
    token = new_token(INVITATION)
    row, is_new = Invitation.objects.get_or_create(
        organization=organization,
        email=email,
        defaults={
            "role": role,
            "invited_by": invited_by,
            "digest": token_digest(token),
            "expires_at": timezone.now() + LASTS,
        },
    )
    if not is_new:
        text = "This person has already been invited. Open the invitation to send a new link."
        raise invalid({"email": [text]})
    return row, token


def renew_invitation(*, invitation: Invitation, invited_by: User | None = None) -> str:
    """Give an invitation a new link for another week; the old one is over. Gives the token.

    From now on it is an invitation by `invited_by`, where one is given.
    """
    _take(invitation.organization)
    token = new_token(INVITATION)
    invitation.digest, invitation.expires_at = token_digest(token), timezone.now() + LASTS
    invitation.invited_by = invited_by or invitation.invited_by
    invitation.save(update_fields=["digest", "expires_at", "invited_by", "updated_at"])
    return token


def revoke_invitation(*, invitation: Invitation) -> None:
    """Take an invitation back: its link is over at once."""
    invitation.delete()


def old_invitations(*, now: datetime) -> models.QuerySet[Invitation]:
    """Those whose link has been over for so long that nobody will send a new one."""
    return Invitation.objects.filter(expires_at__lt=now - KEPT)


def open_invitations() -> models.QuerySet[Invitation]:
    """Return the invitations in force: not too old, and by somebody who may still invite.

    Only owners invite, to whichever role.
    """
    return Invitation.objects.select_related("organization").filter(
        made_by_an_owner("invited_by"), expires_at__gt=timezone.now()
    )


def find_invitation(*, digest: str) -> Invitation | None:
    """The invitation in force whose token has this digest."""
    return open_invitations().filter(digest=digest).first()


def accept_invitation(*, digest: str, user: User) -> Membership:
    """Make the invited person a member, once; who is one already keeps the role.

    Raises `not_found` where the invitation is over, `forbidden` where it is for somebody else.
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
    """Make an account for the invited person, and the person a member.

    Raises `conflict`, which doesn't say that there is such an account already; else as
    `accept_invitation` does.
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
    """The address that an invited person opens."""
    return settings.SITE_URL + reverse("admin:join_link", args=[token])


def mail_invitation(*, invitation: Invitation, token: str) -> None:
    """Mail the link to the invited person."""
    context = {
        "invitation": invitation,
        # An owner types it: it must not add lines to a mail to somebody else.
        "organization": one_line(str(invitation.organization)),
        "link": invitation_link(token),
        "days": LASTS.days,
    }
    send_in_background(
        to=invitation.email,
        subject=f"Join {invitation.organization} on Loquent",
        body=render_to_string("admin/account/invitation_mail.txt", context),
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
