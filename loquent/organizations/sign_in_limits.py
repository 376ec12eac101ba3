"""How often somebody may try to sign in, or ask for a new password.

Wrong passwords are counted by django-axes, in the database, for each account and address.
"""

import ipaddress
import math
from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from loquent.addresses import client_address
from loquent.organizations.audit import CHANGED, record
from loquent.organizations.models import Membership
from loquent.organizations.services import staff_username
from loquent.rates import Rate
from loquent.shared_rates import SharedLimiter

HOUR = 3_600
# Attempts from one address, whatever the account: an office signs in from one, too.
SIGN_INS_PER_ADDRESS = Rate("sign_in_ip", 100, HOUR, 30)
RESETS_PER_ADDRESS = Rate("password_reset_ip", 20, HOUR, 20)
RESETS_PER_ACCOUNT = Rate("password_reset", 5, HOUR, 5)

# Characters; as many as the package's table takes.
MOST_OF_A_NAME = 255

limiter = SharedLimiter()


def request_address(request: HttpRequest) -> str | None:
    """The client's address, past the proxies that are trusted; None where it is no address."""
    forwarded = request.headers.get("X-Forwarded-For")
    found = client_address(
        request.META.get("REMOTE_ADDR") or "", [forwarded] if forwarded is not None else []
    )
    try:
        return str(ipaddress.ip_address(found))
    except ValueError:
        return None


def counted_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The one spelling of an account's name, under which its wrong passwords are counted."""
    return _counted(str((credentials or {}).get("username") or ""))


def _counted(name: str) -> str:
    # Longer than the column, it is nobody's name.
    return staff_username(name)[:MOST_OF_A_NAME]


def seconds_locked(request: HttpRequest, name: str) -> int:
    """How long an account stays locked for the request's address, in seconds; at least one."""
    last = (
        AccessAttempt.objects.filter(username=_counted(name), ip_address=request_address(request))
        .order_by("-attempt_time")
        .first()
    )
    if last is None:
        return 1
    left: timedelta = last.attempt_time + settings.AXES_COOLOFF_TIME - timezone.now()
    return max(1, math.ceil(left.total_seconds()))


def take_sign_in(request: HttpRequest) -> int | None:
    """Count an attempt of an address; gives the seconds to wait where there were too many."""
    refused = limiter.take((SIGN_INS_PER_ADDRESS, request_address(request) or ""))
    return None if refused is None else refused[1]


def give_back_sign_in(request: HttpRequest) -> None:
    """The attempt was right: it does not count."""
    limiter.give_back((SIGN_INS_PER_ADDRESS, request_address(request) or ""))


def take_password_reset(request: HttpRequest, email: str) -> int | None:
    """Count a wish for a new password; gives the seconds to wait where there were too many."""
    refused = limiter.take(
        (RESETS_PER_ADDRESS, request_address(request) or ""),
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
