"""Virtual environments of their own for the servers that ours is compared with."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
LOCKS = FOLDER.parent / "locks" / "benchmarks"
ENVIRONMENTS = FOLDER.parent / "var" / "benchmarks"
MARK = "installed.txt"


class NotInstalledError(Exception):
    """A server can't be installed here; says why."""


def environment(name: str) -> Path:
    """Return the `bin` of the environment that `locks/benchmarks/NAME.txt` describes.

    The environment is installed if it is missing or the lock has changed. Raises
    NotInstalledError.
    """
    # Some packages have no wheel: they are built with the locked setuptools.
    locks = [LOCKS / "build.txt", LOCKS / f"{name}.txt"]
    wanted = "".join(lock.read_text() for lock in locks)
    place = ENVIRONMENTS / name
    mark = place / MARK
    if not mark.exists() or mark.read_text() != wanted:
        print(f"Installing {name} into {place} …", flush=True)
        _run(name, (sys.executable, "-m", "venv", "--clear", str(place)))
        pip = (str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes")
        for lock in locks:
            _run(name, (*pip, "--no-build-isolation", "-r", str(lock)))
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
