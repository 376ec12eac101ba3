"""Processes of low priority, for work that can wait, so that chats get the CPU first."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

LOWEST = 19
ROOT = Path(__file__).parents[1]
# What Python itself needs: a child process gets no secrets.
KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


def start_child(module: str, *arguments: str, niceness: int = LOWEST) -> subprocess.Popen[bytes]:
    """Run one of our own modules in a child process of low priority, without secrets.

    It receives its work by standard input and returns results by standard output. Its standard
    error is dropped, because a traceback could quote what it works on.
    """
    child = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={key: os.environ[key] for key in KEPT if key in os.environ},
        start_new_session=True,
    )
    lower_child(child.pid, niceness)
    return child


def lower_child(pid: int, niceness: int = LOWEST) -> None:
    """Lower the priority of a child process that has just been started in a session of its own."""
    # A service may not be allowed to: then it competes as any other process.
    # SCHED_IDLE would be worse: Linux regards the core of such a process as free, and processes
    # that wake up are sent there to take it over.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
    _lower_session(pid, niceness)


def lower_this_process(niceness: int) -> None:
    """Lower the priority of this process and of those that it will start."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    _lower_session(os.getpid(), niceness)


def _lower_session(pid: int, niceness: int) -> None:
    """Lower the priority of a process's session, if it leads one.

    Linux may schedule sessions as groups, and compare priorities inside a session only. See
    sched(7), "The autogroup feature".
    """
    with suppress(OSError):
        if os.getsid(pid) == pid:
            Path(f"/proc/{pid}/autogroup").write_text(str(niceness), "ascii")
