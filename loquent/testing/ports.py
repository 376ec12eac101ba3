"""Find free ports, with the standard library only."""

import itertools
import os
import socket

# Below the ports that systems give to clients (from 32768 on Linux): between this function and a
# server's start, a connection of another test could otherwise take the port.
FIRST = 20_000
PER_PROCESS = 1_000
PROCESSES = 12
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens and that was not returned lately.

    The caller may not be listening on it yet. Each test process has its own range of ports.
    """
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + process % PROCESSES * PER_PROCESS
    for number in itertools.islice(_numbers, PER_PROCESS):
        port = first + number % PER_PROCESS
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"None of the ports from {first} to {first + PER_PROCESS - 1} is free.")
