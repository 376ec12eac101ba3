"""How often somebody may try to sign in, or ask for a new password.

Wrong passwords are counted by django-axes, in the database, for each account and address.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from loquent.organizations.audit import CHANGED, record
from loquent.organizations.models import Membership
from loquent.organizations.services.known_networks import is_known_network, remember_network
from loquent.organizations.services.organizations import staff_username
from loquent.ratelimit.buckets import Rate
from loquent.ratelimit.shared import Bucket, limiter
from loquent.server.addresses import address_buckets, request_key

HOUR = 3_600
# Attempts that failed, from one address and whatever the account: an office shares an address.
SIGN_INS_PER_ADDRESS = Rate("sign_in_ip", 100, HOUR, 30)
# Every attempt, right or wrong: each costs the time of one password hash.
HASHES_PER_ADDRESS = Rate("sign_in_hash_ip", 30, 60, 60)
# Attempts that failed on one account, from networks that it has not signed in from before: 50 at
# once, then one per 30 seconds. It only slows down: it can lock no account.
SIGN_INS_PER_ACCOUNT = Rate("sign_in_account", 1, 30, 50)
RESETS_PER_ADDRESS = Rate("password_reset_ip", 20, HOUR, 20)
RESETS_PER_ACCOUNT = Rate("password_reset", 5, HOUR, 5)

# Characters; as many as the package's table takes.
MOST_OF_A_NAME = 255


@dataclass(frozen=True, slots=True)
class SignIn:
    """An attempt to sign in. `wait`: the seconds to wait where there were too many, else None.

    `is_of_account`: it is the account that must wait, not the address.
    """

    failures: tuple[Bucket, ...]
    account: tuple[Bucket, ...]
    wait: int | None
    is_of_account: bool

    def succeeded(self) -> None:
        """The password was right: the attempt does not count as a failure."""
        limiter.give_back(*self.failures, *self.account)

    def was_not_checked(self) -> None:
        """The account was locked for the address: the attempt can't have been a guess."""
        limiter.give_back(*self.account)


def request_network(request: HttpRequest) -> str | None:
    """Return the address by which axes counts a request: the first one of an IPv6 /64.

    None if the client's address is unknown.
    """
    return request_key(request) or None


def counted_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The one spelling of an account's name, under which its wrong passwords are counted."""
    return _counted(str((credentials or {}).get("username") or ""))


def _counted(name: str) -> str:
    # Longer than the column, it is nobody's name.
    return staff_username(name)[:MOST_OF_A_NAME]


def seconds_locked(request: HttpRequest, name: str) -> int:
    """How long an account stays locked for the request's address, in seconds; at least one."""
    last = (
        AccessAttempt.objects.filter(username=_counted(name), ip_address=request_network(request))
        .order_by("-attempt_time")
        .first()
    )
    if last is None:
        return 1
    left: timedelta = last.attempt_time + settings.AXES_COOLOFF_TIME - timezone.now()
    return max(1, math.ceil(left.total_seconds()))


def take_sign_in(request: HttpRequest, name: str) -> SignIn:
    """Count an attempt to sign in with a name, before the password is checked."""
    network, name = request_key(request), _counted(name)
    failures = address_buckets(SIGN_INS_PER_ADDRESS, network)
    account: tuple[Bucket, ...] = ()
    if not is_known_network(name=name, network=network):
        account = ((SIGN_INS_PER_ACCOUNT, name),)
    hashes = address_buckets(HASHES_PER_ADDRESS, network)
    refused = limiter.take(*hashes, *failures, *account)
    if refused is None:
        return SignIn(failures, account, None, is_of_account=False)
    rate, wait = refused
    return SignIn((), (), wait, is_of_account=rate is SIGN_INS_PER_ACCOUNT)


def take_password_reset(request: HttpRequest, email: str) -> int | None:
    """Count a wish for a new password; gives the seconds to wait where there were too many."""
    refused = limiter.take(
        *address_buckets(RESETS_PER_ADDRESS, request_key(request)),
        (RESETS_PER_ACCOUNT, staff_username(email)),
    )
    return None if refused is None else refused[1]


def wait_in_words(seconds: int) -> str:
    """A time to wait as staff read it: `a minute`, `14 minutes`."""
    minutes = math.ceil(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"


@receiver(user_locked_out)
def log_pause(*, request: Any, username: str, **kwargs: object) -> None:
    """Tell the owners of a member's organizations, once for each pause."""
    # Further attempts within a pause are not counted, and carry no number.
    if request.axes_failures_since_start is None:
        return
    for membership in Membership.objects.filter(user__username=username).select_related("user"):
        record(membership, CHANGED, {"sign-in": ("open", "paused after wrong passwords")})


@receiver(user_logged_in)
def _remember(*, request: Any, user: Any, **kwargs: object) -> None:
    if isinstance(user, User) and request is not None:
        remember_network(user=user, network=request_key(request))
