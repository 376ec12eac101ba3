"""What the measurements ran on, and with."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.environments import NotInstalledError, version_of
from loquent.testing.packages import postgresql_programs

OURS = (
    "django", "channels", "channels-redis", "uvicorn", "uvloop", "httptools", "websockets",
    "psycopg", "redis", "aiohttp",
)  # fmt: skip
THEIRS = {"chainlit": ("chainlit", "openai", "python-socketio", "uvicorn")}


def machine() -> str:
    """Cores and memory."""
    text = Path("/proc/meminfo").read_text()
    kib = int(text.partition("MemTotal:")[2].split()[0])
    return f"{os.cpu_count()} cores, {kib / 2**20:.0f} GiB of memory"


def versions() -> list[str]:
    """A line for each of the programs, libraries and environments."""
    programs = postgresql_programs()
    postgresql = _first_version([str(programs / "postgres"), "--version"]) if programs else "?"
    lines = [
        f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}, "
        f"PostgreSQL {postgresql}, Redis {_first_version(['redis-server', '--version'])}",
        "Loquent Widget and the raw reference: " + _listed({name: version(name) for name in OURS}),
    ]
    for name, packages in THEIRS.items():
        try:
            found = {package: version_of(name, package) for package in packages}
        except NotInstalledError as error:
            lines.append(str(error))
        else:
            lines.append(f"{name}: {_listed(found)}")
    return lines


def _listed(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items())


def _first_version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout)
    return found.group() if found else "?"
