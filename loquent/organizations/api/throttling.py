"""Limit the rate of REST API requests per API key or user."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.api.authentication import caller_key
from loquent.ratelimit.buckets import Rate
from loquent.ratelimit.shared import limiter


class CallerThrottle(BaseThrottle):
    """LIMIT_API_REQUESTS_PER_MINUTE; shared by all processes if Redis is configured."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Return True, or raise `rate_limited` with the seconds until the next request."""
        if not settings.RATE_LIMITS:
            return True
        limits = settings.LIMITS
        rate = Rate("api", limits.api_requests_per_minute, 60, limits.api_requests_burst)
        refused = limiter.take((rate, caller_key(request)))
        if refused is not None:
            raise ApplicationError(
                ErrorCode.RATE_LIMITED,
                f"Rate limit exceeded ({limits.api_requests_per_minute} requests per minute). "
                "Retry after the time in Retry-After.",
                retry_after=refused[1],
            )
        return True
