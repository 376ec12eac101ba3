"""Wait for the threads that a test leaves behind; at the end, close their connections."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor, wait

from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connections

from loquent.agents.search import knowledge
from loquent.db import threads as database
from loquent.testing.waiting import WAIT_SECONDS


def settle_database_threads() -> None:
    """Wait until no thread uses the database.

    Cancelling a task does not stop its thread, which would continue during the next test.
    """
    _in_database_threads(_pass)


def close_database_threads() -> None:
    """Wait until no thread uses the database, then close the connections of all of them."""
    _in_database_threads(connections.close_all)


def _pass() -> None:
    pass


def _in_database_threads(function: Callable[[], None]) -> None:
    _in_each_thread(database._executor, settings.DATABASE_THREADS, function)
    _in_each_thread(knowledge._builder, 1, function)
    _in_each_thread(knowledge._encoder, 1, function)
    # Django's own asynchronous views share one thread.
    _in_each_thread(SyncToAsync.single_thread_executor, 1, function)


def _in_each_thread(executor: Executor, threads: int, function: Callable[[], None]) -> None:
    if isinstance(executor, ThreadPoolExecutor) and not executor._threads:
        return
    # Each thread runs exactly one of these jobs, because none ends before all have started.
    together = threading.Barrier(threads, timeout=WAIT_SECONDS)

    def run() -> None:
        together.wait()
        function()

    done, _ = wait([executor.submit(run) for _ in range(threads)])
    for job in done:
        job.result()
