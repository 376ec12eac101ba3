"""How a process gives memory back that large requests needed."""

import ctypes
import gc

# M_MMAP_THRESHOLD of glibc's malloc.h.
_MMAP_THRESHOLD = -3
LARGE_BLOCK_BYTES = 1024 * 1024
COLLECTION_BYTES = 32 * 1024 * 1024


def return_large_blocks() -> None:
    """Let glibc give every freed block of 1 MiB and more back to the system at once.

    By default it learns from the first large block that is freed to take the next ones from the
    heap of a thread, and keeps up to 64 MB of each heap for later: with a thread for each request
    that adds up to a gigabyte. Other C libraries have no such call, and no such habit.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


class LargeRequestCollector:
    """Collects garbage once a certain volume of large bodies was handled.

    Django's and the REST framework's requests refer to themselves, and a process that seldom
    collects (`tune_gc`) would keep their bodies for long: to the collector a body of
    16 MiB is one object.
    """

    def __init__(self) -> None:
        self._volume = 0

    def add(self, size: int) -> None:
        """Count a large body, in bytes, that was handled."""
        self._volume += size
        if self._volume >= COLLECTION_BYTES:
            self._volume = 0
            gc.collect()
