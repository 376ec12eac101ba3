"""Many at once, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from loquent.testing.waiting import WAIT_SECONDS

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(function: Callable[[T], R], items: Sequence[T]) -> list[R | Exception]:
    """What `function` gives or raises for each item, all of them begun at the same moment."""
    together = threading.Barrier(len(items), timeout=WAIT_SECONDS)

    def work(item: T) -> R | Exception:
        together.wait()
        try:
            return function(item)
        except Exception as error:  # noqa: BLE001 - handed to the test
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(items)) as threads:
        return list(threads.map(work, items))
