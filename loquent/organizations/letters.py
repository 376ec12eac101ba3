"""The mails of accounts: to reset a password, and to join an organization."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from loquent.mailing.models import OutgoingMail
from loquent.mailing.writing import Letter, letter
from loquent.organizations.services.invitations import (
    LASTS,
    earlier_tokens,
    invitation_link,
    invitation_token,
    open_invitations,
)
from loquent.text import one_line
from loquent.tokens import token_digests

PASSWORD_RESET = "password-reset"
INVITATION = "invitation"


@letter(PASSWORD_RESET, title="Password reset link", lasts=timedelta(hours=1))
def write_password_reset(mail: OutgoingMail) -> Sequence[Letter]:
    """Write to the accounts with the typed address; usually one, or none."""
    return [
        Letter(
            to=user.email,
            subject="Reset your password",
            body=render_to_string(
                "admin/account/reset_mail.txt",
                {
                    "user": user,
                    "site_url": settings.SITE_URL,
                    "uid": urlsafe_base64_encode(force_bytes(user.pk)),
                    "token": default_token_generator.make_token(user),
                },
            ),
        )
        for user in PasswordResetForm().get_users(mail.recipient)
    ]


@letter(INVITATION, title="Invitation", lasts=LASTS)
def write_invitation(mail: OutgoingMail) -> Sequence[Letter]:
    """Write to the invited person, unless the invitation was used, withdrawn or renewed."""
    try:
        invitation = open_invitations().filter(id=mail.about).first()
    except (ValueError, ValidationError):
        return []
    if invitation is None:
        return []
    tokens = [invitation_token(invitation), *earlier_tokens(invitation)]
    token = next((each for each in tokens if invitation.digest in token_digests(each)), None)
    if token is None:
        return []
    context = {
        "invitation": invitation,
        # An owner chooses the name: it must not be able to add lines to the email.
        "organization": one_line(str(invitation.organization)),
        "link": invitation_link(token),
        "days": LASTS.days,
    }
    return [
        Letter(
            to=invitation.email,
            subject=f"Join {invitation.organization} on Loquent",
            body=render_to_string("admin/account/invitation_mail.txt", context),
        )
    ]
