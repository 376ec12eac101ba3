"""The one way from asynchronous code to the ORM."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

# Django's default runs all ORM work of a process on one thread, so that one slow query holds up
# every visitor. These threads are few, so that connections stay few.
_executor = ThreadPoolExecutor(
    max_workers=settings.DATABASE_THREADS, thread_name_prefix="loquent-database"
)


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous service on a database thread and give back what it returns.

    One call is one hop: put all that belongs together into one service.
    """

    def call() -> T:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_executor, call)
