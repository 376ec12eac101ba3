"""What the doctor says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: visitors or staff notice a `fail`; a `warn` may be meant."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do, where there is something to do."""

    id: str
    level: Level
    message: str
    mend: str = ""


Findings = Iterable[Finding]


def ok(name: str, message: str) -> Finding:
    """It is as it should be."""
    return Finding(name, Level.OK, message)


def warn(name: str, message: str, mend: str) -> Finding:
    """It may be meant, and may bite."""
    return Finding(name, Level.WARN, message, mend)


def fail(name: str, message: str, mend: str) -> Finding:
    """It doesn't work, or isn't safe."""
    return Finding(name, Level.FAIL, message, mend)
