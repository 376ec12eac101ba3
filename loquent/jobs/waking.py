"""Wake the worker of this process when a job may be due, and signal jobs to stop.

A worker of another process polls every half second.
"""

import threading
from collections.abc import Callable

_listeners: set[Callable[[], None]] = set()
_stopping = threading.Event()


class Stopping(Exception):  # noqa: N818
    """The worker shuts down: a job that raises this runs again on another one."""


def wake() -> None:
    """Notify the worker of this process, if there is one, that jobs may be due."""
    for listener in list(_listeners):
        listener()


def on_wake(listener: Callable[[], None]) -> Callable[[], None]:
    """Call a function, from any thread, on each `wake`; return how to end that."""
    _listeners.add(listener)
    return lambda: _listeners.discard(listener)


def set_stopping(value: bool) -> None:
    """Set whether the worker shuts down."""
    if value:
        _stopping.set()
    else:
        _stopping.clear()


def check_stopping(*_: object) -> None:
    """Raise Stopping if the worker shuts down. Long synchronous jobs call this often."""
    if _stopping.is_set():
        raise Stopping
