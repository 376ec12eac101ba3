"""Lower the priority of processes whose work can wait, so that chats get the CPU first."""

import os
from contextlib import suppress
from pathlib import Path

LOWEST = 19


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
