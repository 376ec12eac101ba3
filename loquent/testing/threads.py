"""Wait for the threads that a test leaves behind, and close their database connections."""

import threading
from concurrent.futures import Executor, ThreadPoolExecutor, wait

from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connections

from loquent.agents.search import knowledge
from loquent.db import threads as database
from loquent.testing.waiting import WAIT_SECONDS


def settle_database_threads() -> None:
    """Wait until no thread uses the database, then close the connections of all of them.

    Cancelling a task does not stop its thread, which would continue during the next test.
    """
    _close_connections_of(database._executor, settings.DATABASE_THREADS)
    _close_connections_of(knowledge._builder, 1)
    _close_connections_of(knowledge._encoder, 1)
    # Django's own asynchronous views share one thread.
    _close_connections_of(SyncToAsync.single_thread_executor, 1)


def _close_connections_of(executor: Executor, threads: int) -> None:
    if isinstance(executor, ThreadPoolExecutor) and not executor._threads:
        return
    # Each thread runs exactly one of these jobs, because none ends before all have started.
    together = threading.Barrier(threads, timeout=WAIT_SECONDS)

    def close() -> None:
        together.wait()
        connections.close_all()

    done, _ = wait([executor.submit(close) for _ in range(threads)])
    for job in done:
        job.result()
