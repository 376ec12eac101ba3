"""Virtual environments of their own for the servers that ours is compared with."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ENVIRONMENTS = FOLDER.parent / "var" / "benchmarks"
MARK = "installed.txt"


class NotInstalledError(Exception):
    """A server can't be installed here; says why."""


def environment(name: str) -> Path:
    """The `bin` of the environment of `benchmarks/NAME.txt`, which is made where it isn't there.

    Raises NotInstalledError.
    """
    wanted = (FOLDER / f"{name}.txt").read_text()
    place = ENVIRONMENTS / name
    mark = place / MARK
    if not mark.exists() or mark.read_text() != wanted:
        print(f"Installing {name} into {place} …", flush=True)
        _run(name, (sys.executable, "-m", "venv", "--clear", str(place)))
        pip = (str(place / "bin" / "pip"), "install", "--quiet", "-r", str(FOLDER / f"{name}.txt"))
        _run(name, pip)
        mark.write_text(wanted)
    return place / "bin"


def version_of(name: str, package: str) -> str:
    """The version of a package in the environment of that name."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    python = str(environment(name) / "python")
    done = subprocess.run((python, "-c", code), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _run(name: str, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotInstalledError(f"{name} can't be installed: {done.stderr.strip()[-1_000:]}")
