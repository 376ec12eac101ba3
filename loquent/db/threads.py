"""Run ORM code from async code, on a small pool of threads."""

import asyncio
import contextvars
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from loquent.telemetry import tracing
from loquent.telemetry.metrics import DATABASE_BUSY, DATABASE_ERRORS, DATABASE_TIME, DATABASE_WAIT

P = ParamSpec("P")
T = TypeVar("T")

# A connection that answered within this time is assumed to be alive.
TRUST_SECONDS = 5.0
_thread = threading.local()
# By default, Django runs all ORM work of a process on one thread, so that one slow query delays
# every visitor. The number of threads is small, to keep the number of connections small.
_executor = ThreadPoolExecutor(
    max_workers=settings.DATABASE_THREADS, thread_name_prefix="loquent-database"
)


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous service on a database thread and return its result.

    Each call switches threads twice, so put everything that belongs together into one service.
    """

    def call() -> T:
        began = time.perf_counter()
        DATABASE_WAIT.observe(began - asked)
        DATABASE_BUSY.inc()
        close_old_connections()
        _trust_quiet_connections()
        try:
            return function(*args, **kwargs)
        except DatabaseError as error:
            DATABASE_ERRORS.labels(type(error).__name__).inc()
            raise
        finally:
            close_old_connections()
            DATABASE_BUSY.dec()
            DATABASE_TIME.labels(name).observe(time.perf_counter() - began)

    # For a partial, the metrics use the name of the wrapped function.
    name = getattr(getattr(function, "func", function), "__name__", "other")
    asked = time.perf_counter()
    with tracing.span(f"database {name}", only_inside=True):
        # Propagate the context, so that log lines in the thread belong to this request.
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(_executor, run, call)


def _trust_quiet_connections() -> None:
    """Skip the `SELECT 1` check of a PostgreSQL connection unless there is something to read.

    A server sends unrequested data only when it shuts down, and a closed connection is readable: in
    both cases Django's own check (CONN_HEALTH_CHECKS) runs. It also runs after TRUST_SECONDS,
    because a crashed machine sends nothing at all.
    """
    now = time.monotonic()
    is_fresh = now - getattr(_thread, "asked_at", 0.0) < TRUST_SECONDS
    _thread.asked_at = now
    if not is_fresh:
        return
    for wrapper in connections.all(initialized_only=True):
        connection = wrapper.connection
        if wrapper.vendor != "postgresql" or connection is None or connection.closed:
            continue
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if not poll.poll(0):
            wrapper.health_check_done = True  # type: ignore[attr-defined]
