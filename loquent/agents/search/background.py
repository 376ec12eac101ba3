"""Lets long work on a thread give way to the event loop, which shares Python's lock with it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

# A thread that computes gives up Python's lock after this time. A reply needs the lock dozens of
# times, so the usual 5 ms add up to what a visitor notices.
SECONDS = 0.0005
_usual = sys.getswitchinterval()
_lock = Lock()
_running = 0


@contextmanager
def in_background() -> Iterator[None]:
    """Switch between threads more often while the block runs, in any number of threads."""
    global _running  # noqa: PLW0603 - the interval is the process's, too
    with _lock:
        _running += 1
        sys.setswitchinterval(SECONDS)
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if not _running:
                sys.setswitchinterval(_usual)
