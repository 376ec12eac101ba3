"""Remember networks from which an account has logged in; attempts from them are not throttled."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from loquent.organizations.models import KnownNetwork
from loquent.organizations.services.organizations import staff_username
from loquent.tokens import token_digest, token_digests

# Counted from the last login from that network.
KEPT = timedelta(days=90)


def is_known_network(*, name: str, network: str) -> bool:
    """Return whether the account of this name has logged in from this network.

    Runs the same query if there is no such account. `network`: the key of an address
    (loquent/server/addresses.py).
    """
    return KnownNetwork.objects.filter(
        digest__in=token_digests(_text(name, network)), last_used_at__gt=timezone.now() - KEPT
    ).exists()


def remember_network(*, user: User, network: str) -> None:
    """Remember that this user has authenticated from this network; "" (unknown) is ignored."""
    if network:
        KnownNetwork.objects.update_or_create(
            digest=token_digest(_text(user.get_username(), network)),
            defaults={"user": user, "last_used_at": timezone.now()},
        )


def old_networks(*, now: datetime) -> models.QuerySet[KnownNetwork]:
    """Return the networks that have not been used for so long that they no longer count."""
    return KnownNetwork.objects.filter(last_used_at__lt=now - KEPT)


def _text(name: str, network: str) -> str:
    return f"network {network} of {staff_username(name)}"
