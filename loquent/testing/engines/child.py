"""A child process, such as a driver, that is ended together with its own children."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# A loaded machine is slow, not broken.
READY_SECONDS = 120
END_SECONDS = 10


class Child:
    """A process in a group of its own, with a log file in `home`."""

    def __init__(
        self, command: Sequence[str], *, home: Path, pass_fds: tuple[int, ...] = (), **env: str
    ) -> None:
        self._command = command
        self._log = home / f"{Path(command[0]).name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, "HOME": str(home), **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
            )

    def log(self) -> str:
        """Return what the process has printed."""
        return self._log.read_text("utf-8", errors="replace")

    def check(self) -> None:
        """Raise an AssertionError if the process has ended."""
        status = self._process.poll()
        assert status is None, f"{self._command[0]} ended ({status}):\n{self.log()}"

    def end(self) -> None:
        """End the process group."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            # The browser may outlive its driver for a moment: the signal is for the whole group.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)


def start_display(home: Path) -> tuple[Child, str]:
    """Start Xvfb on a free display, and return its name, such as ":3"."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = Child(command, home=home, pass_fds=(writer,))
    os.close(writer)
    # Xvfb writes the number when it accepts clients, and closes the pipe if it can't start.
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()
    if not number:
        server.end()
        raise AssertionError(f"Xvfb did not start:\n{server.log()}")
    return server, f":{number}"


def wait_for_port(child: Child, port: int) -> None:
    """Wait until the child accepts connections on a port of 127.0.0.1."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        child.check()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"No answer on port {port}:\n{child.log()}"
            time.sleep(0.05)
        else:
            return
