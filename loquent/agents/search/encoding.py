"""Encodes many texts in a child process of the lowest priority.

The encoder computes partly in Python. Thousands of texts take a minute, during which a thread would
hold Python's lock most of the time, and delay each frame of each chat.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from loquent.agents.search.embedder import Embedder
from loquent.priority import start_child

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

logger = logging.getLogger(__name__)
# Fewer texts take less time than the start of the child.
MANY = 64
SECONDS_TO_END = 5


class Encoding:
    """Encodes texts with an embedder: here, or in a child process once there are many of them."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._child: subprocess.Popen[bytes] | None = None
        # An endpoint computes elsewhere.
        self._is_here = embedder.may_be_slow
        self._count = 0

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return one normalized vector per text."""
        self._count += len(texts)
        if self._is_here or self._count < MANY:
            return self._embedder.encode(texts)
        try:
            return self._encode_there(texts)
        except (OSError, ValueError) as error:
            logger.warning("Texts are encoded without a child process: %s", type(error).__name__)
            self._is_here = True
            return self._embedder.encode(texts)

    def _encode_there(self, texts: Sequence[str]) -> "Vectors":
        import numpy as np  # noqa: PLC0415 - see embedder.py

        if self._child is None:
            self._child = start_child(__name__)
        given, found = self._child.stdin, self._child.stdout
        assert given is not None and found is not None  # noqa: S101, PT018 - both are pipes
        given.write(json.dumps(list(texts)).encode() + b"\n")
        given.flush()
        size = self._embedder.dimensions
        data = found.read(len(texts) * size * np.dtype(np.float32).itemsize)
        return np.frombuffer(data, np.float32).reshape(len(texts), size)

    def end(self) -> None:
        """End the child process, if there is one."""
        if self._child is None:
            return
        self._child.kill()
        with suppress(OSError):
            self._child.communicate(timeout=SECONDS_TO_END)


@contextmanager
def encoding(embedder: Embedder) -> Iterator[Encoding]:
    """Yield what encodes texts, many of them in a child process that ends with the block."""
    found = Encoding(embedder)
    try:
        yield found
    finally:
        found.end()


def _serve() -> None:
    """Run in the child process: for each line with texts, write their vectors."""
    embedder = Embedder()
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(embedder.encode(json.loads(line)).astype("float32").tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
