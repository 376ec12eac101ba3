"""Find free ports, with the standard library only."""

import socket

_given: set[int] = set()


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens and that was not returned before.

    Whoever asked may not listen there yet.
    """
    while True:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port: int = listener.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
