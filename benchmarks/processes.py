"""Processes that are started for a measurement, and what they use by /proc."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 60
END_SECONDS = 40
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class _Stat:
    parent: int
    cpu_seconds: float


def _read_stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # "pid (name) state ppid …"; the name may have spaces and brackets.
    fields = text.rpartition(")")[2].split()
    # Its own time, and that of children who have ended.
    return _Stat(int(fields[1]), sum(int(ticks) for ticks in fields[11:15]) / TICKS)


def tree(root: int) -> dict[int, float]:
    """The process and all below it, each with its CPU seconds, user and system."""
    stats = {
        int(entry.name): stat
        for entry in Path("/proc").glob("[0-9]*")
        if (stat := _read_stat(int(entry.name))) is not None
    }
    found: dict[int, float] = {}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if pid in stats:
            found[pid] = stats[pid].cpu_seconds
            waiting += [child for child, stat in stats.items() if stat.parent == pid]
    return found


def cpu_seconds(root: int) -> float:
    """What the tree has used so far."""
    return sum(tree(root).values())


def memory_kib(root: int) -> int:
    """The tree's proportional set size: pages that processes share are counted once."""
    return sum(_pss(pid) for pid in tree(root))


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


class Process:
    """A server process of ours, with its log in a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        home: Path,
        port: int,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self.name = name
        self.port = port
        self.log_path = home / f"{name}.log"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def wait_until_ready(self) -> float:
        """Wait until it accepts connections; gives the seconds. RuntimeError where it doesn't."""
        began = time.monotonic()
        while time.monotonic() < began + READY_SECONDS and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return time.monotonic() - began
        raise RuntimeError(f"{self.name} doesn't start:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """The end of what it has written."""
        return self.log_path.read_text(errors="replace")[-2_000:]

    def end(self) -> None:
        """End it, and wait until it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
