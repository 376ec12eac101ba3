"""How many slow requests of the REST API, searches and exports, one caller may make at once."""

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
# An export that nobody reads any more may end while the collector interrupts this very thread.
_mutex = threading.RLock()


@contextmanager
def slow_request(request: Request) -> Iterator[None]:
    """Count a slow request while the block runs; raises `rate_limited` at AT_ONCE of the caller.

    Counted in this process: what is bounded are its threads and database connections.
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
            if not _running[key]:
                del _running[key]


def slow_batches(request: Request, batches: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Yield the batches of an export, which counts as a slow request until it is closed."""
    with slow_request(request):
        yield from batches
