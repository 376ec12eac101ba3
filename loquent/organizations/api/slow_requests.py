"""Limit concurrent slow requests (searches and exports) per REST API caller."""

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from rest_framework.request import Request

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.api.authentication import caller_key

AT_ONCE = 2
RETRY_SECONDS = 1
_running: Counter[str] = Counter()
# Re-entrant: garbage collection of an abandoned export may run in the thread holding the lock.
_mutex = threading.RLock()


@contextmanager
def slow_request(request: Request) -> Iterator[None]:
    """Count a slow request while the block runs; raise `rate_limited` if the caller has AT_ONCE.

    Counted per process, because threads and database connections are limited per process.
    """
    if not settings.RATE_LIMITS:
        yield
        return
    key = caller_key(request)
    with _mutex:
        if _running[key] >= AT_ONCE:
            raise ApplicationError(
                ErrorCode.RATE_LIMITED,
                f"At most {AT_ONCE} searches and exports may run at once. Retry after the time in "
                "Retry-After.",
                retry_after=RETRY_SECONDS,
            )
        _running[key] += 1
    try:
        yield
    finally:
        with _mutex:
            _running[key] -= 1
            if _running[key] <= 0:
                del _running[key]


def slow_batches(request: Request, batches: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Yield the batches of an export, which counts as a slow request until it is closed."""
    with slow_request(request):
        yield from batches
