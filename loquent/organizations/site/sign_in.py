"""Limit login attempts and password reset requests.

django-axes counts wrong passwords in the database, per account and address.
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
# Failed attempts per address for all accounts together: an office shares an address.
SIGN_INS_PER_ADDRESS = Rate("sign_in_ip", 100, HOUR, 30)
# All attempts, because each costs the time of one password hash.
HASHES_PER_ADDRESS = Rate("sign_in_hash_ip", 30, 60, 60)
# Failed attempts per account from networks it has not logged in from before: 50 at first, then one
# per 30 seconds. This only throttles and never locks an account.
SIGN_INS_PER_ACCOUNT = Rate("sign_in_account", 1, 30, 50)
RESETS_PER_ADDRESS = Rate("password_reset_ip", 20, HOUR, 20)
RESETS_PER_ACCOUNT = Rate("password_reset", 5, HOUR, 5)

# The length of the column in the package's table.
MOST_OF_A_NAME = 255


@dataclass(frozen=True, slots=True)
class SignIn:
    """A login attempt. `wait`: seconds to wait if there were too many, else None.

    `is_of_account`: the limit of the account was reached, not the one of the address.
    """

    failures: tuple[Bucket, ...]
    account: tuple[Bucket, ...]
    wait: int | None
    is_of_account: bool

    def succeeded(self) -> None:
        """Don't count the attempt as a failure: the password was correct."""
        limiter.give_back(*self.failures, *self.account)

    def was_not_checked(self) -> None:
        """Refund the account's limit: it was locked for this address, so no password was tried."""
        limiter.give_back(*self.account)


def request_network(request: HttpRequest) -> str | None:
    """Return the address by which axes counts a request: the first one of an IPv6 /64.

    None if the client's address is unknown.
    """
    return request_key(request) or None


def lockout_username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return the canonical account name under which wrong passwords are counted."""
    return _counted(str((credentials or {}).get("username") or ""))


def _counted(name: str) -> str:
    # No account has a name longer than the column.
    return staff_username(name)[:MOST_OF_A_NAME]


def seconds_locked(request: HttpRequest, name: str) -> int:
    """Return how many seconds an account stays locked for the request's address; at least one."""
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
    """Count an attempt to log in with a name, before the password is checked."""
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
    """Count a password reset request; return the seconds to wait if there were too many."""
    refused = limiter.take(
        *address_buckets(RESETS_PER_ADDRESS, request_key(request)),
        (RESETS_PER_ACCOUNT, staff_username(email)),
    )
    return None if refused is None else refused[1]


def humanize_wait(seconds: int) -> str:
    """Return a waiting time for display: `a minute`, `14 minutes`."""
    minutes = math.ceil(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"


@receiver(user_locked_out)
def log_pause(*, request: Any, username: str, **kwargs: object) -> None:
    """Record a lockout in the audit logs of the member's organizations, once per lockout."""
    # Further attempts during a lockout are not counted and have no number.
    if request.axes_failures_since_start is None:
        return
    for membership in Membership.objects.filter(user__username=username).select_related("user"):
        record(membership, CHANGED, {"sign-in": ("open", "paused after wrong passwords")})


@receiver(user_logged_in)
def _remember(*, request: Any, user: Any, **kwargs: object) -> None:
    if isinstance(user, User) and request is not None:
        remember_network(user=user, network=request_key(request))
