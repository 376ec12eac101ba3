"""Restricts a process to Python's own files and denies all connections, with Landlock on Linux.

See the kernel's documentation, userspace-api/landlock. The rights are those of the first version;
each later version that the kernel knows adds some.
"""

import ctypes
import os
import sys
import sysconfig
from contextlib import suppress
from struct import pack

# The same on every architecture for which Python wheels are built.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
QUERY_VERSION = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38
READ = 1 << 2 | 1 << 3  # of files, and of directories
# The number of rights on files by version; the last one counts for later ones.
FILE_RIGHTS = (13, 14, 15, 15, 16)
# Connecting and listening by TCP; abstract sockets of others, and signals to others.
NETWORK_SINCE, NETWORK = 4, 0b11
SCOPES_SINCE, SCOPES = 6, 0b11


def landlock_version() -> int:
    """Return the version of Landlock that this kernel has; 0 if it has none."""
    if sys.platform != "linux":
        return 0
    return max(_call(CREATE_RULESET, None, 0, QUERY_VERSION), 0)


def confine() -> bool:
    """Restrict this process to opening Python's own files; return whether the kernel enforces it.

    It also can't connect, listen, or send signals to other processes, if the kernel is new enough.
    Open files stay open. The restriction can't be undone, and child processes inherit it.
    """
    version = landlock_version()
    if not version:
        return False
    rights = (1 << FILE_RIGHTS[min(version, len(FILE_RIGHTS)) - 1]) - 1
    network = NETWORK if version >= NETWORK_SINCE else 0
    scopes = SCOPES if version >= SCOPES_SINCE else 0
    attributes = pack("=QQQ", rights, network, scopes)
    ruleset = _call(CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        # Codecs are loaded when a file needs them.
        for name in ("stdlib", "platstdlib", "purelib", "platlib"):
            _allow_reading(ruleset, sysconfig.get_path(name))
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return _call(RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _allow_reading(ruleset: int, path: str) -> None:
    with suppress(OSError):
        directory = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            _call(ADD_RULE, ruleset, PATH_BENEATH, pack("=Qi", READ, directory), 0)
        finally:
            os.close(directory)


def _call(number: int, *arguments: bytes | int | None) -> int:
    """Make a system call; a result below 0 means that it failed, as without kernel support."""
    syscall = ctypes.CDLL(None).syscall
    syscall.restype = ctypes.c_long
    # Without its type a number would be passed as 32 bits.
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = syscall(ctypes.c_long(number), *words)
    return result
