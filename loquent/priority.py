"""Lower the priority of processes whose work can wait, so that chats get the CPU first."""

import os
from contextlib import suppress
from pathlib import Path

# The lowest one: it runs when nothing else wants the core.
LOWEST = 19
AUTOGROUP = Path("/proc/self/autogroup")


def lower_child(pid: int, niceness: int = LOWEST) -> None:
    """Lower the priority of a child process that has just been started."""
    # A service may not be allowed to: then it competes as any other process.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)


def lower_this_process(niceness: int) -> None:
    """Lower the priority of this process and of those that it will start."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    # Linux may schedule sessions as groups. Priorities then count inside a session only, and those
    # of sessions among each other. See sched(7), "The autogroup feature".
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(niceness))
