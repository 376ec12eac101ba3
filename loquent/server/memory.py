"""Return memory to the system after large requests."""

import ctypes
import gc

# M_MMAP_THRESHOLD of glibc's malloc.h.
_MMAP_THRESHOLD = -3
LARGE_BLOCK_BYTES = 1024 * 1024
COLLECTION_BYTES = 32 * 1024 * 1024


def return_large_blocks() -> None:
    """Make glibc return every freed block of 1 MiB or more to the system immediately.

    By default, glibc raises its threshold when the first large block is freed, allocates later ones
    on the heap of a thread, and keeps up to 64 MB of each heap: with one thread per request that
    adds up to a gigabyte. Other C libraries have neither this call nor this behaviour.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


class LargeRequestCollector:
    """Collects garbage after a certain volume of large bodies.

    Django's and the REST framework's requests contain reference cycles, and a process that seldom
    collects (`tune_gc`) would keep their bodies for long: a body of 16 MiB counts as one object.
    """

    def __init__(self) -> None:
        self._volume = 0

    def add(self, size: int) -> None:
        """Count a large body, in bytes, whose request has ended."""
        self._volume += size
        if self._volume >= COLLECTION_BYTES:
            self._volume = 0
            gc.collect()
